/* Whether a renderer's lanes have queues of their own or share the graphics queue, chosen for each
 * submission: as asked, or by which of both gives more views a second. What is measured is when
 * submissions are over, as the host sees it: so where the caller, the encoders or the disk hold
 * everything up, both modes tie, and the present one stays. */
#ifndef TDI_RENDER_ASYNC_CHOICE_H
#define TDI_RENDER_ASYNC_CHOICE_H

#include <tandem/renderer.h>

#include "async/auto_mode.h"
#include "async/graph.h"

#define TDI_TIMED_SUBMISSIONS 32 /* on their way at once, at most; others are not timed */

typedef struct tdi_async_choice tdi_async_choice;

/* A submission whose end is watched. */
typedef struct tdi_timed_submission {
    tdi_watch watch;
    tdi_async_choice *choice;
    uint32_t block, views;
    uint64_t number;    /* of the submission */
    uint64_t all_views; /* of all submissions up to it */
    uint64_t submitted_ns;
    uint64_t done_ns; /* 0: under way */
    bool failed;
} tdi_timed_submission;

/* Whoever submits asks for the next and says what was made; all else any thread may do. */
struct tdi_async_choice {
    td_device *device;
    bool automatic;
    const char *reason; /* where it is not automatic */
    tdi_mutex mutex;    /* for what follows */
    tdi_cond told;
    bool present; /* of the last submission, or the only mode */
    tdi_auto logic;
    bool chosen; /* `next` holds until a submission was made with it */
    tdi_auto_frame next;
    tdi_timed_submission timed[TDI_TIMED_SUBMISSIONS];
    uint32_t first, count; /* of a ring */
    uint64_t submissions, views;
    uint64_t last_number, last_done_ns; /* of what was told last */
};

/* How lanes are realised with and without queues of their own. False where a renderer of that mode
 * never does it so: it needs no plan for it. */
bool tdi_async_lanes(const td_device *device, td_async_mode mode, bool async, tdi_lane_map *out);

/* TD_ERROR_UNSUPPORTED for a mode that the device cannot do. */
td_result tdi_async_choice_init(tdi_async_choice *choice, td_device *device, td_async_mode mode,
                                uint32_t in_flight);
/* Also of a zeroed one. What it watches must be over, or come to its end by itself. */
void tdi_async_choice_destroy(tdi_async_choice *choice);

/* How the next submission shall be made; the same until one was. */
bool tdi_async_choice_next(tdi_async_choice *choice);
/* It was made. */
void tdi_async_choice_submitted(tdi_async_choice *choice, td_ticket ticket, uint32_t views);

/* How the last submission was made, or the first will be. */
bool tdi_async_choice_present(tdi_async_choice *choice);
/* What it came to. */
void tdi_async_choice_describe(tdi_async_choice *choice, td_renderer_info *out);

#endif
