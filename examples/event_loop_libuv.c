/* tandem in a loop of libuv: a completion queue as a poll handle beside a timer. Each tick submits
 * a view, and each view that is ready makes the queue's descriptor readable; nothing in the loop
 * waits for the GPU. */
#define _XOPEN_SOURCE 700

#include "event_views.h"

#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

typedef struct program {
    event_views views;
    uv_timer_t timer;
    uv_poll_t poll;
} program;

static void check_uv(int result, const char *call)
{
    if (result >= 0)
        return;
    (void)fprintf(stderr, "%s: %s\n", call, uv_strerror(result));
    exit(1);
}

static void on_tick(uv_timer_t *timer)
{
    program *p = timer->data;
    p->views.ticks++;
    submit_view(&p->views);
}

/* The loop ends when it has no handle left. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    program *p = poll->data;
    (void)events;
    check_uv(status, "poll");
    if (!take_views(&p->views))
        return;
    uv_close((uv_handle_t *)&p->timer, NULL);
    uv_close((uv_handle_t *)&p->poll, NULL);
}

int main(void)
{
    program p;
    uv_loop_t *loop = uv_default_loop();
    open_views(&p.views);
    check_uv(uv_timer_init(loop, &p.timer), "uv_timer_init");
    check_uv(uv_poll_init(loop, &p.poll, td_completion_queue_descriptor(p.views.queue)),
             "uv_poll_init");
    p.timer.data = p.poll.data = &p;
    check_uv(uv_timer_start(&p.timer, on_tick, 0, VIEW_TICK_MS), "uv_timer_start");
    check_uv(uv_poll_start(&p.poll, UV_READABLE, on_readable), "uv_poll_start");
    check_uv(uv_run(loop, UV_RUN_DEFAULT), "uv_run");
    check_uv(uv_loop_close(loop), "uv_loop_close");
    close_views(&p.views, "libuv");
    return 0;
}
