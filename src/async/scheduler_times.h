/* Times of the frames of an automatic scheduler, from the device's clock: a timestamp before the
 * first compute work of a frame, and one after each piece of it, in whichever command buffer that
 * work goes into. Where the queues have no timestamps, or asking for them would hold up the device,
 * the host's clock tells when frames begin. */
#ifndef TDI_ASYNC_SCHEDULER_TIMES_H
#define TDI_ASYNC_SCHEDULER_TIMES_H

#include "async/auto_mode.h"
#include "gpu/device.h"

#define TDI_TIMES_FRAMES  32 /* timed frames on their way, at most */
#define TDI_TIMES_QUERIES 8  /* of a frame: its start and the ends of the first seven pieces */

typedef struct tdi_timed_frame {
    uint32_t block; /* of the decision */
    uint32_t queries;
    uint64_t number;   /* of all that were to be timed */
    uint64_t begun_ns; /* where the host's clock is used */
    uint32_t bits;     /* valid ones of a timestamp */
} tdi_timed_frame;

typedef struct tdi_scheduler_times {
    td_device *device;
    VkQueryPool pool; /* NULL: the host's clock */
    tdi_timed_frame frames[TDI_TIMES_FRAMES];
    uint32_t first, count;      /* of a ring */
    uint64_t begun;             /* frames to be timed, also where there was no room */
    tdi_timed_frame *open;      /* the frame under way, if it is timed */
    uint64_t ticks, last_ticks; /* since some moment, and as the device counts them */
    uint32_t polls;             /* in a row that the oldest frame was not done */
} tdi_scheduler_times;

td_result tdi_scheduler_times_init(tdi_scheduler_times *times, td_device *device);
void tdi_scheduler_times_destroy(tdi_scheduler_times *times); /* also of zeroed ones */

/* The next frame is timed, if there is room. */
void tdi_scheduler_times_begin(tdi_scheduler_times *times, uint32_t block, uint32_t queue);
/* Around each piece of its work; nothing if it is not timed. */
void tdi_scheduler_times_before(tdi_scheduler_times *times, VkCommandBuffer commands);
void tdi_scheduler_times_after(tdi_scheduler_times *times, VkCommandBuffer commands);
/* The frame is submitted, or dropped: then it never was. */
void tdi_scheduler_times_end(tdi_scheduler_times *times, bool dropped, tdi_auto *told);

/* Tells of the frames that are done. Waits for nothing. */
void tdi_scheduler_times_tell(tdi_scheduler_times *times, tdi_auto *told);

#endif
