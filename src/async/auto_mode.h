/* The choice between two ways of doing the same frames: asynchronous or passthrough, by measured
 * times alone. Pure logic: it is asked how each frame shall be done, and told when timed frames
 * happened; it calls nothing and allocates nothing.
 *
 * Blocks of frames of both modes alternate, for more rounds where frames are short and the modes
 * close: a short block's time is mostly what else happened meanwhile. The frames at the start of a
 * block fill the queues anew and are not timed; what counts is the period of the others, so a
 * program that is held up by something else ties, and the present mode stays. After a decision some
 * frames are still timed: if the work has changed much, or after many frames, both modes are
 * measured again. */
#ifndef TDI_ASYNC_AUTO_MODE_H
#define TDI_ASYNC_AUTO_MODE_H

#include <stdbool.h>
#include <stdint.h>

#define TDI_AUTO_ROUNDS  9 /* at most */
#define TDI_AUTO_SAMPLES 16

typedef struct tdi_auto_params {
    uint32_t warmup;       /* untimed frames at the start of a block */
    uint32_t block_frames; /* a block is as many periods, at least */
    uint64_t block_ns;     /* and as long, unless it reaches most_frames */
    uint32_t most_frames;  /* periods of a block, at most */
    uint32_t sample_every; /* of how many settled frames some are timed, */
    uint32_t sample_run;   /* and so many in a row; 0: one */
    uint32_t again_after;  /* settled frames after which both are measured again; more each time
                              that nothing changed, and many more than measuring took */
    double change;         /* of busy time a frame, as a fraction, that means other work */
} tdi_auto_params;

typedef struct tdi_auto_block {
    uint32_t id, issued, timed;
    uint64_t first_ns, last_ns;
    uint64_t first_work, last_work;
    uint64_t longest_ns, longest_work; /* the period that took longest for its work */
} tdi_auto_block;

typedef struct tdi_auto {
    tdi_auto_params params;
    bool present;   /* asynchronous: the mode that was decided for, or the first */
    bool measuring; /* no decision yet, or it is being made again */
    bool trying;    /* the mode of the block that is measured */
    uint32_t round, second;
    uint32_t lost;        /* blocks in a row */
    uint64_t measured_ns; /* in blocks of this decision */
    tdi_auto_block block;
    double period_ns[2][TDI_AUTO_ROUNDS]; /* of a piece of work, by mode; 1 is asynchronous */
    double median_ns[2];                  /* of the last decision; 0: never measured */
    uint32_t spent;                       /* frames that measuring took */
    uint64_t settled;                     /* frames since the decision */
    uint64_t again_after;
    uint64_t busy_ns[TDI_AUTO_SAMPLES];
    uint32_t busy_count;
    uint64_t usual_busy_ns; /* 0: not known yet */
    uint32_t decisions;
    const char *reason; /* static storage */
} tdi_auto;

/* `present`: the mode to begin with. */
void tdi_auto_init(tdi_auto *a, const tdi_auto_params *params, bool present);

typedef struct tdi_auto_frame {
    bool async;
    bool timed;     /* tdi_auto_timed or tdi_auto_lost is told of it */
    uint32_t block; /* for these two */
} tdi_auto_frame;

/* How the next frame shall be done. */
tdi_auto_frame tdi_auto_next(tdi_auto *a);

/* A timed frame began, or ended, whichever is always told, at `when_ns`, when `work` pieces of work
 * were done since some moment (frames, or what frames have different numbers of), and took the
 * device `busy_ns` (0: not known). In the order of the frames. */
void tdi_auto_timed(tdi_auto *a, uint32_t block, uint64_t when_ns, uint64_t work, uint64_t busy_ns);

/* A timed frame has no time: the block begins anew. */
void tdi_auto_lost(tdi_auto *a, uint32_t block);

/* The work is known to be other work from now on. */
void tdi_auto_again(tdi_auto *a);

#endif
