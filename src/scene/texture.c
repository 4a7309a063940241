#include <string.h>

#include "base/memory.h"
#include "scene/scene.h"

#define LARGEST_EXTENT 16384

static td_result check_params(const td_scene *scene, const td_texture_params *params)
{
    if (scene == NULL || params == NULL || params->pixels == NULL)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_texture: the scene, the parameters or the pixels are NULL");
    if (params->width == 0 || params->height == 0 || params->width > LARGEST_EXTENT ||
        params->height > LARGEST_EXTENT)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_texture: %u x %u texels; 1 to %d are possible", params->width,
                        params->height, LARGEST_EXTENT);
    if (params->channels < 1 || params->channels > 4)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_scene_add_texture: %u channels; 1 to 4 are possible",
                        params->channels);
    if ((unsigned)params->wrap_s > TD_WRAP_CLAMP_TO_EDGE ||
        (unsigned)params->wrap_t > TD_WRAP_CLAMP_TO_EDGE ||
        (unsigned)params->mag_filter > TD_FILTER_NEAREST ||
        (unsigned)params->min_filter > TD_FILTER_NEAREST ||
        (unsigned)params->mip_filter > TD_MIP_NONE)
        return tdi_fail(TD_ERROR_ARGUMENT,
                        "td_scene_add_texture: a filter or wrapping mode does not exist");
    return TD_OK;
}

/* Grey becomes RGB; missing alpha is opaque. */
static bool expand_pixels(const td_texture_params *params, uint8_t *out)
{
    const uint8_t *in = params->pixels;
    uint32_t channels = params->channels;
    size_t count = (size_t)params->width * params->height;
    bool has_alpha = false;
    for (size_t i = 0; i < count; i++, in += channels, out += 4) {
        bool grey = channels < 3;
        out[0] = in[0];
        out[1] = in[grey ? 0 : 1];
        out[2] = in[grey ? 0 : 2];
        out[3] = channels % 2 == 0 ? in[channels - 1] : 255;
        has_alpha = has_alpha || out[3] != 255;
    }
    return has_alpha;
}

static td_result append_texture(td_scene *scene, const td_texture_params *params, uint8_t *pixels)
{
    tdi_image *image;
    tdi_texture *texture;
    TDI_TRY(tdi_scene_new_texture(scene, params->name, &texture));
    td_result result = tdi_scene_new_image(scene, params->name, &image);
    if (result != TD_OK) {
        tdi_free(texture->name);
        scene->texture_count--;
        return result;
    }
    image->width = params->width;
    image->height = params->height;
    image->levels = 1;
    image->pixels = pixels;
    image->pixel_bytes = (size_t)4 * params->width * params->height;
    image->has_alpha = expand_pixels(params, pixels);
    texture->image = scene->image_count - 1;
    texture->wrap_s = params->wrap_s;
    texture->wrap_t = params->wrap_t;
    texture->mag_filter = params->mag_filter;
    texture->min_filter = params->min_filter;
    texture->mip_filter = params->mip_filter;
    return TD_OK;
}

td_result td_scene_add_texture(td_scene *scene, const td_texture_params *params, uint32_t *texture)
{
    TDI_TRY(check_params(scene, params));
    uint8_t *pixels = tdi_alloc_zero((size_t)params->width * params->height, 4);
    if (pixels == NULL)
        return TD_ERROR_HOST_MEMORY;
    td_result result = append_texture(scene, params, pixels);
    if (result != TD_OK) {
        tdi_free(pixels);
        return result;
    }
    tdi_scene_changed(scene);
    if (texture != NULL)
        *texture = scene->texture_count - 1;
    return TD_OK;
}
