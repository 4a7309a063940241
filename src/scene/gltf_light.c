#include "scene/gltf_light.h"

#include <math.h>
#include <string.h>

#include "scene/punctual.h"

#define EXTENSION "KHR_lights_punctual"
#define RIGHT     1.57079632679f
#define MOST      1024 /* lights: each is asked at each pixel */

static td_result read_cones(const tdi_json *at, tdi_punctual *light)
{
    tdi_json spot;
    float inner = 0, outer = RIGHT / 2;
    TDI_TRY(tdi_json_get_object(at, "spot", &spot));
    if (spot.value) {
        TDI_TRY(tdi_json_get_float(&spot, "innerConeAngle", &inner));
        TDI_TRY(tdi_json_get_float(&spot, "outerConeAngle", &outer));
    }
    /* Files round a right angle up. */
    if (!(inner >= 0 && inner <= outer && outer <= RIGHT + 1e-4f))
        return tdi_json_fail(at, "cones of %g and %g; 0 <= inner <= outer <= pi / 2", (double)inner,
                             (double)outer);
    light->spot = true;
    light->inner_cosine = cosf(inner);
    light->outer_cosine = cosf(outer);
    return TD_OK;
}

static td_result read_kind(const tdi_json *at, tdi_punctual *light)
{
    const char *type = "";
    TDI_TRY(tdi_json_require(at, "type"));
    TDI_TRY(tdi_json_get_string(at, "type", &type));
    if (strcmp(type, "spot") == 0)
        return read_cones(at, light);
    light->directional = strcmp(type, "directional") == 0;
    if (!light->directional && strcmp(type, "point") != 0)
        return tdi_json_fail(at, "\"%.40s\" is not a kind of light", type);
    return TD_OK;
}

static td_result read_light(const tdi_json *at, tdi_punctual *light)
{
    float intensity = 1;
    *light = (tdi_punctual){.color = {1, 1, 1}, .inner_cosine = 1};
    TDI_TRY(read_kind(at, light));
    TDI_TRY(tdi_json_get_floats(at, "color", 3, light->color, NULL));
    TDI_TRY(tdi_json_get_float(at, "intensity", &intensity));
    TDI_TRY(tdi_json_get_float(at, "range", &light->range));
    if (intensity < 0 || light->range < 0)
        return tdi_json_fail(at, "intensity and range must not be negative");
    for (int i = 0; i < 3; i++) {
        light->color[i] *= intensity;
        if (!isfinite(light->color[i]) || light->color[i] < 0)
            return tdi_json_fail(at, "a colour that is negative or too bright");
    }
    return TD_OK;
}

static td_result add_at_node(tdi_gltf *gltf, const tdi_json *lights, uint32_t node)
{
    tdi_json at, link, extension, light_at;
    uint32_t index = TD_NONE;
    tdi_punctual light, *kept;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.nodes, node, &at));
    TDI_TRY(tdi_json_get_extension(&at, EXTENSION, &link, &extension));
    if (!extension.value)
        return TD_OK;
    TDI_TRY(tdi_json_require(&extension, "light"));
    TDI_TRY(tdi_json_get_index(&extension, "light", tdi_gltf_count(lights), "light", &index));
    TDI_TRY(tdi_json_get_item(lights, index, &light_at));
    TDI_TRY(read_light(&light_at, &light));
    if (!gltf->scene->nodes[node].in_scene)
        return TD_OK;
    if (gltf->scene->punctual_count == MOST)
        return tdi_json_fail(&extension, "the scene has more than %d lights", MOST);
    light.node = node;
    TDI_TRY(tdi_scene_new_punctual(gltf->scene, &kept));
    *kept = light;
    return TD_OK;
}

td_result tdi_gltf_read_lights(tdi_gltf *gltf)
{
    tdi_json link, extension, lights;
    TDI_TRY(tdi_json_get_extension(&gltf->root, EXTENSION, &link, &extension));
    if (!extension.value)
        return TD_OK;
    TDI_TRY(tdi_json_get_array(&extension, "lights", &lights));
    for (uint32_t node = 0; node < gltf->scene->node_count; node++)
        TDI_TRY(add_at_node(gltf, &lights, node));
    if (gltf->scene->punctual_count > 0)
        gltf->scene->light.intensity = 0;
    return TD_OK;
}
