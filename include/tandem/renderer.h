/** @file
 * Renderers: views of a scene become images, without waiting.
 */
#ifndef TANDEM_RENDERER_H
#define TANDEM_RENDERER_H

#include <tandem/environment.h>
#include <tandem/monitor.h>
#include <tandem/request.h>
#include <tandem/scene.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A renderer: one scene on one device, images of one size. Opaque. Submit from one thread at a
 * time; requests and images may be used on any thread. */
typedef struct td_renderer td_renderer;

/** What a view gives. Bits. */
typedef enum td_output {
    TD_OUTPUT_COLOR = 1,  /**< (H, W, 4) uint8, sRGB, straight alpha. */
    TD_OUTPUT_DEPTH = 2,  /**< (H, W) float32, distance to the camera plane; +inf: nothing. */
    TD_OUTPUT_OBJECT = 4, /**< (H, W) int32, object id; -1: nothing. */
} td_output;

/** How linear radiance becomes display colour. */
typedef enum td_tonemap {
    TD_TONEMAP_PBR_NEUTRAL = 0, /**< Khronos PBR Neutral. */
    TD_TONEMAP_LINEAR = 1,      /**< Clamped. */
    TD_TONEMAP_ACES = 2,        /**< linear / 0.6, ACES RRT and ODT fit, pow(1/2.2). */
} td_tonemap;

/** What finds out which triangle covers which sample. The image is the same. */
typedef enum td_raster {
    TD_RASTER_AUTO = 0, /**< What is known to be faster on the device; never decided by timing. */
    TD_RASTER_COMPUTE = 1,  /**< Compute shaders. */
    TD_RASTER_HARDWARE = 2, /**< The graphics pipeline, by draws that the device writes itself; what
                                 needs clipping takes the way of compute. */
    TD_RASTER_HARDWARE_DRAWS = 3, /**< The same, by a draw for each object, recorded by many
                                       threads. */
} td_raster;

/** How results get into host memory. */
typedef enum td_copy_mode {
    TD_COPY_AUTO =
        0,              /**< What was measured to be faster on such a device for the size; never
                             decided by timing. Images that the device cannot bind whole are copied. */
    TD_COPY_ALWAYS = 1, /**< Through device memory and the transfer lane: one submission more. */
    TD_COPY_NEVER = 2,  /**< Straight into host memory, by the last pass. ::TD_ERROR_UNSUPPORTED for
                             images that the device cannot bind whole. */
} td_copy_mode;

/** Which mip levels of a scene's textures are on the device where not all of them fit. Only
 * ::TD_TEXTURES_LRU and ::TD_TEXTURES_PRIORITY ever change an image. */
typedef enum td_texture_policy {
    /** Those that the views of a submission sample; others go when memory is wanted, what was not
     * sampled for longest first. Levels that do not fit are ::TD_ERROR_BUDGET. */
    TD_TEXTURES_NEEDED = 0,
    TD_TEXTURES_ALL = 1, /**< All of them, else ::TD_ERROR_BUDGET when the renderer is made. */
    TD_TEXTURES_LRU = 2, /**< As needed, but what does not fit is left out: textures that are on the
                              device keep their levels. */
    TD_TEXTURES_PRIORITY = 3, /**< As needed, but what does not fit is left out: first where the
                                   fewest pixels show it. */
} td_texture_policy;

struct td_binding;
struct td_graph;

/** What a guest's passes may use of the graph of a renderer: numbers of its resources. */
typedef struct td_renderer_graph {
    uint32_t words;  /**< "visibility words": 8 bytes a sample, final after the pass "raster large",
                          or "draw" where there is one; read by "shade". Where the scene has
                          transmissive surfaces, theirs follow those of all others. */
    uint32_t result; /**< "result": what requests give. */
    const char *filled_by; /**< The pass that fills the result, "shade" or "copy": named in `after`
                                by passes that change it. Lives as long as the library. */
} td_renderer_graph;

/** What passes of a guest get as `frame` of their td_pass_context: one tile of one submission.
 * Views lie one behind another in the result, rows of an output tight; a pass must leave what is
 * outside the tile as it is. */
typedef struct td_renderer_frame {
    uint64_t item;          /**< Of the first view. */
    uint32_t views;         /**< In this submission. */
    uint32_t width;         /**< Pixels of an image. */
    uint32_t height;        /**< Pixels of an image. */
    uint32_t tile_x;        /**< First column of the tile. */
    uint32_t tile_y;        /**< First row of the tile. */
    uint32_t tile_width;    /**< Pixels. */
    uint32_t tile_height;   /**< Pixels. */
    uint32_t first_row;     /**< Row of the image that the result begins with; 0 but in bands. */
    uint32_t rows;          /**< Rows of the image that the result has. */
    uint64_t view_bytes;    /**< From one view to the next. */
    uint64_t color_offset;  /**< Bytes into a view; UINT64_MAX: not rendered. */
    uint64_t depth_offset;  /**< As color_offset. */
    uint64_t object_offset; /**< As color_offset. */
} td_renderer_frame;

/** Passes that the program adds to the graph of a renderer (tandem/graph.h). */
typedef struct td_renderer_guest {
    /** Adds resources and passes, with `after` where the uses do not say it: called once, from
     * td_renderer_create, which forwards what it returns. The renderer's own passes are "clear",
     * "cull", "raster", "raster large", "shade" and "host"; "draw" where the hardware rasterises,
     * and "copy" where results are copied. */
    td_result (*declare)(void *user, struct td_graph *graph, const td_renderer_graph *renderer);
    void *user; /**< Handed to `declare`. */
    /** Where the persistent and external resources are that `declare` added. Read at each
     * submission, by the thread that submits; must live as long as the renderer. */
    const struct td_binding *bindings;
    uint32_t binding_count; /**< Number of them, at most 16. */
} td_renderer_guest;

/** How a renderer is made. Zero is the default where not said otherwise. */
typedef struct td_renderer_params {
    td_scene *scene;       /**< Required. It may be destroyed before the renderer, which goes on
                                with what it last was. */
    uint32_t width;        /**< Pixels, 1 to 16384; required. */
    uint32_t height;       /**< Pixels, 1 to 16384; required. */
    uint32_t samples;      /**< Coverage samples a pixel: 1, 4, 8, 16; 0: 4. */
    uint32_t outputs;      /**< td_output bits; 0: color. */
    uint32_t in_flight;    /**< Submissions in flight, 1 to 16; 0: 3. Fewer if the budget asks. */
    uint32_t result_slots; /**< Submissions whose results are in flight or leased, 2 to 256; 0:
                                in_flight + 2. Fewer if the budget asks. */
    uint32_t views_per_submission; /**< 1 to 64; 0: chosen by size. */
    uint32_t tile_width;           /**< 0: as large as the budget allows. */
    uint32_t tile_height;          /**< 0: as large as the budget allows. */
    bool bands;                    /**< An image that the budget has no room for may come in bands
                                        (td_renderer_submit_band): runs of full-width rows. Tiles
                                        do not become smaller than 256 before that. Never changes
                                        a byte. */
    uint32_t band_height;          /**< Rows of a band in any case; 0: see `bands`. */
    float exposure;                /**< EV; radiance is scaled by 2^exposure. */
    td_tonemap tonemap;            /**< Tone curve. */
    td_raster raster;              /**< How triangles become samples. ::TD_ERROR_UNSUPPORTED with
                                        what is missing, where the device cannot. */
    td_async_mode async;           /**< Whether compute and copies go to queues of their own. Auto:
                                        where the device has them, and as long as that is measured
                                        to give more views a second than the graphics queue alone.
                                        On: ::TD_ERROR_UNSUPPORTED where it has none. Never changes
                                        a byte. */
    td_texture_policy textures;    /**< Which levels of textures are on the device. */
    td_environment *environment;   /**< Lights the scene instead of its light and ambient; NULL:
                                        none. Of the same device. It may be destroyed before the
                                        renderer. */
    double environment_rotation;   /**< Degrees about +Y that it is turned by, anticlockwise seen
                                        from above. */
    bool environment_behind;       /**< It is what is seen where nothing covers a sample, too. */
    float background[4];           /**< Linear RGBA behind everything; zero: transparent. */
    td_copy_mode copy_results;     /**< How results get into host memory; the bytes are the same. */
    td_monitor *monitor;           /**< Receives the lanes' spans; may be NULL. */
    const td_renderer_guest *guest; /**< Adds passes; copied; may be NULL. */
} td_renderer_params;

/** Makes a renderer: uploads the scene, makes pipelines, and reserves all memory that it will ever
 * need. ::TD_ERROR_BUDGET with the sums, before anything is allocated, if it cannot fit. */
TD_API td_result td_renderer_create(td_device *device, const td_renderer_params *params,
                                    td_renderer **out);

/** Destroys a renderer once its submissions are done. Requests must be released before.
 * NULL is fine. */
TD_API void td_renderer_destroy(td_renderer *renderer);

/** How a renderer does its work. */
typedef struct td_renderer_info {
    uint32_t in_flight;            /**< Submissions in flight at most. */
    uint32_t result_slots;         /**< Submissions in flight or leased at most. */
    uint32_t views_per_submission; /**< Views in a submission at most. */
    uint32_t tile_width;           /**< Pixels. */
    uint32_t tile_height;          /**< Pixels. */
    uint32_t tiles;                /**< Tiles an image, all bands together. */
    uint32_t bands;                /**< Bands an image; 1: images come whole. */
    uint32_t band_height;          /**< Rows of a band but the last, which may have fewer. */
    uint64_t transient_bytes;      /**< Needed within submissions, all sets together. */
    uint64_t readback_bytes;       /**< Of all slots. */
    td_raster raster;              /**< What was chosen; never ::TD_RASTER_AUTO. */
    const char *raster_reason;     /**< Why; lives as long as the library. */
    bool async;                    /**< The last submission's compute and copies went to queues of
                                        their own; before the first: will go. */
    bool async_measuring;          /**< Mode auto has not decided. */
    uint32_t async_decisions;      /**< How often mode auto decided. */
    double async_ms;               /**< Measured time a view that way; 0: not measured. */
    double passthrough_ms;         /**< On the graphics queue alone; 0: not measured. */
    const char *async_reason;      /**< Why; lives as long as the library. */
    bool copied;                   /**< Results go through device memory and the transfer lane. */
    const char *copy_reason;       /**< Why, or why not; lives as long as the library. */
    bool textures_change;          /**< Not all textures fit: levels come and go with the views. */
    uint32_t textures;             /**< Textures on the device, once for each way of reading. */
    uint32_t textures_partial;     /**< Of them, those with levels left out now. */
    uint64_t texture_bytes;        /**< On the device now. */
    uint64_t texture_full_bytes;   /**< Of all levels. */
    uint64_t texture_changes;      /**< Times that a texture got other levels. */
    uint64_t views_less_detailed;  /**< Views that sampled less than they would have (lru and
                                        priority). A view in bands is one, known by its camera and
                                        `item`, unless the bands of more than 8 take turns. */
} td_renderer_info;

/** What a texture has on the device. */
typedef struct td_texture_state {
    const char *name;     /**< Of the picture, or else the URI of its file; may be NULL; lives
                             as long as the scene. */
    bool srgb;            /**< Read as colour. */
    uint32_t width;       /**< Texels of level 0. */
    uint32_t height;      /**< Texels of level 0. */
    uint32_t levels;      /**< That it has. */
    uint32_t first_level; /**< The lowest on the device; `levels` where there is none, since they
                             were given up for others: what the next views sample of them is loaded
                             again before they are rendered. */
    uint32_t least_level; /**< The highest `first_level` that a view made do with though it would
                             have sampled lower ones; 0: none had to. */
} td_texture_state;

/** Fills at most `capacity` states and sets `*count` to their number. What changes with the views
 * (td_renderer_info.textures_change) is as the last submission left it, or a request of others for
 * memory since. Thread-safe, while a submission is made too. */
TD_API td_result td_renderer_textures(const td_renderer *renderer, td_texture_state *states,
                                      uint32_t capacity, uint32_t *count);

/** How this renderer does its work; of textures, as td_renderer_textures. Thread-safe, while a
 * submission is made too. */
TD_API void td_renderer_get_info(td_renderer *renderer, td_renderer_info *out);

/** Writes a picture (SVG) of the graph that this renderer runs now, as td_plan_write_svg does with
 * the renderer's monitor. Thread-safe. */
TD_API td_result td_renderer_write_svg(td_renderer *renderer, const char *path, bool replace);

/** Submits up to `views_per_submission` views of the scene as it is now, and gives a request for
 * each. Waits at most `timeout_ns` for a free slot (an image in tiles keeps the caller until its
 * last tile is submitted; where textures change for these views (`textures_change`), it is kept
 * until the frames in flight are over, too): ::TD_ERROR_AGAIN (limit 0) or
 * ::TD_ERROR_TIMEOUT while all are in flight or leased, ::TD_ERROR_STATE instead of a wait in a
 * callback (::td_request_fn). `item` numbers the first view in the
 * monitor's spans. On failure there are no requests. ::TD_ERROR_STATE if images of this renderer
 * come in bands. */
TD_API td_result td_renderer_submit(td_renderer *renderer, const td_camera *cameras, uint32_t count,
                                    uint64_t item, uint64_t timeout_ns, td_request **requests);

/** The same for one band of one view: number `band`, from 0 at the top, of td_renderer_info.bands.
 * The images of its request have the rows from `band * band_height` on and as many as there are, at
 * most `band_height`; their bytes are those of the whole image. Bands may be submitted in any
 * order, and those of several views by turns; the scene must not change between bands of one image.
 */
TD_API td_result td_renderer_submit_band(td_renderer *renderer, const td_camera *camera,
                                         uint32_t band, uint64_t item, uint64_t timeout_ns,
                                         td_request **request);

/** Type of a pixel's components. */
typedef enum td_component {
    TD_COMPONENT_UINT8 = 0,   /**< 8-bit, 0 to 255. */
    TD_COMPONENT_FLOAT32 = 1, /**< IEEE single. */
    TD_COMPONENT_INT32 = 2,   /**< Signed. */
} td_component;

/** Pixels in place. */
typedef struct td_image {
    const void *pixels;     /**< First row is the upper one. */
    uint32_t width;         /**< Pixels. */
    uint32_t height;        /**< Pixels. */
    uint32_t channels;      /**< 1 or 4. */
    td_component component; /**< Type of a component. */
    size_t row_bytes;       /**< From row to row; rows are tight. */
} td_image;

/** The pixels of one output of a ready view request, leased: they are valid until the request is
 * released. ::TD_ERROR_STATE if it is not ready, ::TD_ERROR_NOT_FOUND if that output was not
 * rendered, ::TD_ERROR_ARGUMENT if it is not a view's request. */
TD_API td_result td_request_image(td_request *request, td_output output, td_image *out);

#ifdef __cplusplus
}
#endif
#endif
