#include "scene/punctual.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/flat.h"

/* Between the cones' cosines, at least; as the extension's text has it. */
#define LEAST_EDGE 0.001f

td_result tdi_scene_new_punctual(td_scene *scene, tdi_punctual **out)
{
    TDI_TRY(tdi_grow((void **)&scene->punctual, &scene->punctual_capacity,
                     (size_t)scene->punctual_count + 1, sizeof *scene->punctual));
    *out = &scene->punctual[scene->punctual_count++];
    return TD_OK;
}

/* To the light, along the node's +Z: lights shine along -Z. A node of no extent gives none. */
static void set_direction(const float *world, float out[3])
{
    const double length = sqrt((double)world[8] * world[8] + (double)world[9] * world[9] +
                               (double)world[10] * world[10]);
    for (int i = 0; i < 3; i++)
        out[i] = length > 0 ? (float)(world[8 + i] / length) : 0;
}

void tdi_punctual_place(const td_scene *scene, uint32_t index, struct tdi_punctual_light *out)
{
    const tdi_punctual *light = &scene->punctual[index];
    const float *world = scene->flat->worlds + (size_t)16 * light->node;
    const float edge = light->inner_cosine - light->outer_cosine;
    const float scale = 1 / (edge > LEAST_EDGE ? edge : LEAST_EDGE);
    *out = (struct tdi_punctual_light){
        .position = {world[12], world[13], world[14]},
        .color = {light->color[0], light->color[1], light->color[2]},
        .inverse_range = light->range > 0 ? 1 / light->range : 0,
        .spot_scale = light->spot ? scale : 0,
        .spot_offset = light->spot ? -light->outer_cosine * scale : 1,
        .directional = light->directional,
    };
    set_direction(world, out->direction);
}
