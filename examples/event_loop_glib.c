/* tandem in GLib's main loop, which GTK programs run: a completion queue as a source beside a
 * time-out. Each tick submits a view, and each view that is ready makes the queue's descriptor
 * readable; nothing in the loop waits for the GPU. */
#include "event_views.h"

#include <glib-unix.h>

typedef struct program {
    event_views views;
    GMainLoop *loop;
} program;

static gboolean on_tick(gpointer user)
{
    program *p = user;
    p->views.ticks++;
    submit_view(&p->views);
    return G_SOURCE_CONTINUE;
}

static gboolean on_readable(gint descriptor, GIOCondition condition, gpointer user)
{
    program *p = user;
    (void)descriptor;
    (void)condition;
    if (!take_views(&p->views))
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(p->loop);
    return G_SOURCE_REMOVE;
}

int main(void)
{
    program p = {.loop = g_main_loop_new(NULL, FALSE)};
    open_views(&p.views);
    const guint tick = g_timeout_add(VIEW_TICK_MS, on_tick, &p);
    g_unix_fd_add(td_completion_queue_descriptor(p.views.queue), G_IO_IN, on_readable, &p);
    g_main_loop_run(p.loop);
    g_source_remove(tick);
    g_main_loop_unref(p.loop);
    close_views(&p.views, "glib");
    return 0;
}
