/* Scenes, cameras and pictures for the tests of renderers. Whatever cannot be made fails the
 * test. */
#ifndef TESTS_GPU_SCENE_SUPPORT_H
#define TESTS_GPU_SCENE_SUPPORT_H

#include "gpu_test.h"

#include <tandem/renderer.h>

/* Nothing takes longer, unless it hangs: compiling shaders for the CPU takes lavapipe seconds, and
 * a machine may be busy. */
#define SCENE_LIMIT_NS UINT64_C(240000000000)

#define SCENE_ALL_OUTPUTS (TD_OUTPUT_COLOR | TD_OUTPUT_DEPTH | TD_OUTPUT_OBJECT)

/* An empty scene. */
td_scene *scene_make(void);

/* A material that shows the linear colour as it is. */
uint32_t scene_unlit(td_scene *scene, float red, float green, float blue);
uint32_t scene_material(td_scene *scene, const td_material_params *params);
/* Defaults, unlit and white. */
td_material_params scene_unlit_params(void);

uint32_t scene_box(td_scene *scene, float x, float y, float z, uint32_t material);
/* A rectangle in the XY plane, centred at the origin, facing +Z; texture coordinates run from
 * (u0, v0) at the upper left to (u1, v1) at the lower right. */
uint32_t scene_quad(td_scene *scene, float width, float height, uint32_t material);
uint32_t scene_quad_uv(td_scene *scene, float width, float height, const float uv[4],
                       uint32_t material);

/* Places a mesh; `object` is the id that is shown. Gives the node. */
uint32_t scene_place(td_scene *scene, uint32_t mesh, const float matrix[16], uint32_t object);
uint32_t scene_place_at(td_scene *scene, uint32_t mesh, float x, float y, float z, uint32_t object);
void scene_translation(float x, float y, float z, float matrix[16]);
void scene_scaling(float x, float y, float z, float matrix[16]);

/* Many kinds of things at once, each of which covers several pixels: boxes and spheres that
 * overlap, textures, masked and double-sided surfaces, a mirrored instance, huge and tiny
 * triangles. `threads` as in td_scene_params. */
td_scene *scene_rich(uint32_t threads);
/* The camera number `index` around it. */
td_camera scene_rich_camera(uint32_t index);

/* Cameras at (0, 0, z) that look along -Z. */
td_camera scene_ortho(float z, float height, float near_plane, float far_plane);
td_camera scene_perspective(float z, float fov_y, float near_plane, float far_plane);

/* The outputs of a view, in memory of their own; NULL where the renderer lacks one. */
typedef struct scene_picture {
    uint32_t width, height;
    uint8_t *color;  /* (H, W, 4) */
    float *depth;    /* (H, W) */
    int32_t *object; /* (H, W) */
} scene_picture;

/* One sample, all outputs, linear tone curve, TANDEM_TEST_RASTER (hardware, draws) as the way of
 * rasterising, and the rest by default. */
td_renderer_params scene_renderer_params(td_scene *scene, uint32_t width, uint32_t height);
td_renderer *scene_renderer(td_device *device, const td_renderer_params *params);

/* Submits some views and gives their requests. */
void scene_submit(td_renderer *renderer, const td_camera *cameras, uint32_t count,
                  td_request **requests);
/* Waits for the request, copies what it has, and releases it. */
scene_picture scene_take(td_request *request);
/* One view of a renderer, or of a renderer of its own. */
scene_picture scene_view(td_renderer *renderer, const td_camera *camera);
scene_picture scene_render(td_device *device, const td_renderer_params *params,
                           const td_camera *camera);
void scene_picture_free(scene_picture *picture);

const uint8_t *scene_color_at(const scene_picture *picture, uint32_t x, uint32_t y);
float scene_depth_at(const scene_picture *picture, uint32_t x, uint32_t y);
int32_t scene_object_at(const scene_picture *picture, uint32_t x, uint32_t y);

/* Fails with the number of pixels that differ, and the first of them. */
void scene_assert_same(const scene_picture *found, const scene_picture *expected, const char *what);
/* How many pixels of all outputs differ; `*first` is the index of the first, if any. */
uint32_t scene_differences(const scene_picture *a, const scene_picture *b, uint32_t *first);
/* Pixels with an object. */
uint32_t scene_covered(const scene_picture *picture);
uint64_t scene_hash(const scene_picture *picture);

/* 8-bit code of a linear value by IEC 61966-2-1, and the linear value of a code. */
uint8_t scene_srgb(double linear);
double scene_linear(uint8_t code);

#endif
