/* Views of a built-in scene by way of a completion queue: what the examples with event loops share.
 * The loop calls submit_view from its timer and take_views when the descriptor is readable; neither
 * blocks. */
#ifndef EXAMPLES_EVENT_VIEWS_H
#define EXAMPLES_EVENT_VIEWS_H

#include <tandem/tandem.h>

#define VIEW_COUNT   24
#define VIEW_TICK_MS 2

typedef struct event_views {
    td_scene *scene;
    td_device *device;
    td_renderer *renderer;
    td_completion_queue *queue;
    unsigned submitted, taken;
    unsigned long long brightness[VIEW_COUNT];
    unsigned ticks; /* counted by the loop */
} event_views;

/* Exits with a sentence if it fails, as all of these. */
void open_views(event_views *v);

/* Submits the next view, unless all are submitted or there is no room for it now. */
void submit_view(event_views *v);

/* Takes what is finished. 1 when all views are there. */
int take_views(event_views *v);

/* Says what came of it, and frees everything. */
void close_views(event_views *v, const char *loop);

#endif
