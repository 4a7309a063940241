/* Small glTF files for the tests, written into the support folder. */
#ifndef TESTS_UNIT_GLTF_SUPPORT_H
#define TESTS_UNIT_GLTF_SUPPORT_H

#include "support.h"

#include "scene/scene.h"

/* cmocka's setup and teardown of a group: the folder. */
int gltf_make_folder(void **state);
int gltf_remove_folder(void **state);

/* Writes a file beside the scene. */
void gltf_write(const char *name, const void *data, size_t size);
/* Loads JSON text as scene.gltf. */
td_result gltf_try(const char *json, td_scene **out);
/* The same, which must succeed. The scene is up to date. */
td_scene *gltf_load(const char *json);
/* The same, which must fail with that code and a sentence that has `part` in it. */
void gltf_refuse(const char *json, td_result code, const char *part);

/* The three corners (9 floats) of triangle `index` of the geometry, in object space. */
void gltf_triangle(const td_scene *scene, uint32_t index, float out[9]);
/* True if the two triangles have the same corners in the same turning sense, to within 1e-5. */
bool gltf_same_triangle(const float a[9], const float b[9]);

void gltf_assert_near(const float *values, const float *expected, size_t count, double tolerance);

#endif
