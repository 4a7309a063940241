/** @file
 * Batches: many views of one scene become files, with a report.
 *
 * The thread that calls td_batch_run submits views; finished ones are encoded and written by
 * threads of the batch's own from where the GPU left them, so that the GPU waits for nothing but a
 * full ring of results. Images that the budget has no room for are rendered in bands of rows, which
 * go into their file one after another. A file is complete or absent.
 */
#ifndef TANDEM_BATCH_H
#define TANDEM_BATCH_H

#include <tandem/renderer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A batch. Opaque. One thread creates, runs and destroys it; td_batch_cancel and td_batch_get_info
 * are thread-safe. */
typedef struct td_batch td_batch;

/** What happens to files that are there already. */
typedef enum td_existing {
    TD_EXISTING_ERROR = 0,   /**< ::TD_ERROR_EXISTS before anything is rendered. */
    TD_EXISTING_REPLACE = 1, /**< They are replaced. */
    TD_EXISTING_SKIP = 2,    /**< Views whose files are all there are skipped; missing files of
                                  other views are added. */
} td_existing;

/** Sums of a batch. */
typedef struct td_batch_info {
    uint64_t views;         /**< Asked for. */
    uint64_t done;          /**< Rendered and written. */
    uint64_t failed;        /**< Not there, for a reason that td_batch_get_failure gives. */
    uint64_t skipped;       /**< There before. */
    uint64_t files;         /**< Written. */
    uint64_t encoded_bytes; /**< In these files. */
    double elapsed_s;       /**< Since td_batch_run began, or how long it took. */
    bool cancelled;         /**< td_batch_cancel came before the end. */
    bool unanswered;        /**< The device kept views for good; it was given up. */
} td_batch_info;

/** Told how far a batch is; called by td_batch_run on its own thread, about ten times a second. */
typedef void (*td_batch_progress_fn)(void *user, const td_batch_info *info);

/** Takes raw frames in the order of the views, called on threads of the batch, one at a time. A
 * frame that is rendered in bands comes in as many parts. A failure ends the batch. */
typedef td_result (*td_batch_write_fn)(void *user, const void *data, size_t size);

/** How a batch is made. Zero is the default where not said otherwise. Strings are copied during
 * td_batch_create; arrays must outlive the batch. */
typedef struct td_batch_params {
    td_device *device;               /**< Required; must outlive the batch. */
    td_scene *scene;                 /**< Required; must outlive the batch, unchanged. */
    const td_camera *cameras;        /**< (view_count), required. */
    uint32_t view_count;             /**< At least 1. */
    const char *const *camera_names; /**< (view_count) names for `{camera}`; NULL: "camera". */
    /** Where files go: `{view}`, `{view:04}`, `{camera}`, `{output}`, `{scene}` are replaced, `{{`
     * is a brace; the ending picks the format, .png or .npy. "-": raw frames through `write`.
     * NULL: "out_{view:04}.png", with "_{output}" added for more than one output. Missing folders
     * are made. */
    const char *output;
    const char *scene_name;    /**< For `{scene}`; NULL: "scene". */
    td_existing existing;      /**< What happens to files that are there. */
    bool durable;              /**< fsync each file before it gets its name. */
    const char *contact_sheet; /**< A .png with all views, scaled down; NULL: none. */
    td_batch_write_fn write;   /**< For output "-". */
    void *write_user;          /**< Handed to `write`. */

    uint32_t width;                /**< Pixels; required. */
    uint32_t height;               /**< Pixels; required. */
    uint32_t samples;              /**< As in td_renderer_params. */
    uint32_t outputs;              /**< td_output bits; 0: color. */
    uint32_t in_flight;            /**< As in td_renderer_params. */
    uint32_t views_per_submission; /**< As in td_renderer_params. */
    uint32_t band_height;          /**< As in td_renderer_params; 0: images come in bands only if
                                        the budget has no room for them. Files are the same. */
    float exposure;                /**< As in td_renderer_params. */
    td_tonemap tonemap;            /**< As in td_renderer_params. */
    td_environment *environment;   /**< As in td_renderer_params, as the next two. */
    double environment_rotation;
    bool environment_behind;
    td_raster raster;           /**< As in td_renderer_params. */
    td_async_mode async;        /**< As in td_renderer_params. */
    td_texture_policy textures; /**< As in td_renderer_params. */
    float background[4];        /**< As in td_renderer_params. */

    uint32_t encode_threads;  /**< 0: the cores given. */
    uint64_t view_timeout_ns; /**< From submission to the encoded file; a view that takes longer
                                   fails alone; 0: no limit. */
    td_monitor *monitor;      /**< Receives all spans; may be NULL. Must outlive the batch. */
    td_batch_progress_fn progress; /**< May be NULL. */
    void *progress_user;           /**< Handed to `progress`. */
} td_batch_params;

/** Checks everything that can be checked before work begins, and makes the renderer.
 * ::TD_ERROR_ARGUMENT for a pattern that does not fit, ::TD_ERROR_EXISTS or ::TD_ERROR_IO for files
 * that cannot be written, else what td_renderer_create gives. On success `*out` is the caller's. */
TD_API td_result td_batch_create(const td_batch_params *params, td_batch **out);

/** Renders and writes all views. ::TD_OK if every one is there; ::TD_ERROR_CANCELLED; else the code
 * of the gravest failure (device lost before budget before output), while the other views were
 * written nevertheless. A lost device and an output that takes nothing more end the batch early.
 * ::TD_ERROR_DEVICE_LOST too for a device that does not answer within 10 s after a cancellation or
 * after views passed their time limit (`unanswered`). Once a batch. */
TD_API td_result td_batch_run(td_batch *batch);

/** Makes td_batch_run end soon, leaving complete files only. Thread-safe, and safe in a signal
 * handler. */
TD_API void td_batch_cancel(td_batch *batch);

/** Sums so far. Thread-safe. */
TD_API void td_batch_get_info(td_batch *batch, td_batch_info *out);

/** Writes a picture (SVG) of the graph that rendered, with the mean times of its passes, complete
 * or not at all; an existing file is ::TD_ERROR_EXISTS unless `replace`. After td_batch_run. */
TD_API td_result td_batch_write_graph(td_batch *batch, const char *path, bool replace);

/** One failure. */
typedef struct td_batch_failure {
    uint64_t view;        /**< Which view; UINT64_MAX: no single one. */
    td_result result;     /**< Why. */
    const char *sentence; /**< Why, in words. Lives as long as the batch. */
} td_batch_failure;

/** The failure with that number, from 0 in the order of their happening; only the first 1000 keep
 * their sentences. ::TD_ERROR_NOT_FOUND past the last. After td_batch_run. */
TD_API td_result td_batch_get_failure(td_batch *batch, uint32_t index, td_batch_failure *out);

/** A step of getting started, for the report. */
typedef struct td_batch_step {
    const char *name; /**< Such as "device". */
    double ms;        /**< How long it took. */
} td_batch_step;

/** What a report needs beside the batch. Zero is the default. */
typedef struct td_report_params {
    const td_batch_step *steps; /**< (step_count) steps before td_batch_create; may be NULL. */
    uint32_t step_count;        /**< Number of steps. */
    uint64_t start_ns;          /**< When the work began (CLOCK_MONOTONIC); 0: td_batch_create. */
    double load_s;              /**< Time that the scene took to load. */
    bool compact;               /**< One line instead of an indented text. */
} td_report_params;

/** The report as a JSON text (docs/report.schema.json), zero-terminated, to be given back with
 * td_batch_free_report. After td_batch_run. `params` may be NULL. */
TD_API td_result td_batch_report(td_batch *batch, const td_report_params *params, char **text);

/** Frees a report's text. NULL is fine. */
TD_API void td_batch_free_report(char *text);

/** Ends the batch and destroys it; a run in progress must have returned. Waits for a device that
 * did not answer; a program may end without it. NULL is fine. */
TD_API void td_batch_destroy(td_batch *batch);

#ifdef __cplusplus
}
#endif
#endif
