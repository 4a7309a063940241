#include "scene/gltf_image.h"

#include <string.h>

#include "base/memory.h"
#include "scene/gltf_buffer.h"
#include "scene/image.h"

static td_result read_wrap(const tdi_json *sampler, const char *key, td_wrap *out)
{
    uint32_t value = 10497;
    TDI_TRY(tdi_json_get_u32(sampler, key, &value));
    tdi_json at = tdi_json_member(sampler, key);
    switch (value) {
    case 10497:
        *out = TD_WRAP_REPEAT;
        return TD_OK;
    case 33648:
        *out = TD_WRAP_MIRRORED_REPEAT;
        return TD_OK;
    case 33071:
        *out = TD_WRAP_CLAMP_TO_EDGE;
        return TD_OK;
    default:
        return tdi_json_fail(&at, "%u is not a wrapping mode", value);
    }
}

/* glTF's minFilter: NEAREST, LINEAR, then the four combinations with mip levels. */
static td_result read_min_filter(const tdi_json *sampler, tdi_texture *texture)
{
    uint32_t value = 9987;
    TDI_TRY(tdi_json_get_u32(sampler, "minFilter", &value));
    tdi_json at = tdi_json_member(sampler, "minFilter");
    bool plain = value == 9728 || value == 9729;
    if (!plain && (value < 9984 || value > 9987))
        return tdi_json_fail(&at, "%u is not a filter", value);
    texture->min_filter = value % 2 == 0 ? TD_FILTER_NEAREST : TD_FILTER_LINEAR;
    if (plain)
        texture->mip_filter = TD_MIP_NONE;
    else
        texture->mip_filter = value < 9986 ? TD_MIP_NEAREST : TD_MIP_LINEAR;
    return TD_OK;
}

static td_result read_sampler(const tdi_gltf *gltf, const tdi_json *texture_at,
                              tdi_texture *texture)
{
    uint32_t index;
    uint32_t mag_filter = 9729;
    tdi_json at = {0};
    TDI_TRY(tdi_json_get_index(texture_at, "sampler", tdi_gltf_count(&gltf->arrays.samplers),
                               "sampler", &index));
    if (index != TD_NONE)
        TDI_TRY(tdi_json_get_item(&gltf->arrays.samplers, index, &at));
    TDI_TRY(read_wrap(&at, "wrapS", &texture->wrap_s));
    TDI_TRY(read_wrap(&at, "wrapT", &texture->wrap_t));
    TDI_TRY(read_min_filter(&at, texture));
    TDI_TRY(tdi_json_get_u32(&at, "magFilter", &mag_filter));
    tdi_json member = tdi_json_member(&at, "magFilter");
    if (mag_filter != 9728 && mag_filter != 9729)
        return tdi_json_fail(&member, "%u is not a filter for enlarging", mag_filter);
    texture->mag_filter = mag_filter == 9728 ? TD_FILTER_NEAREST : TD_FILTER_LINEAR;
    return TD_OK;
}

/* An image's name, or else the URI of its file as it is written. NULL where it has neither. */
static td_result read_name(const tdi_json *at, const char **out)
{
    const char *uri = NULL;
    TDI_TRY(tdi_json_get_string(at, "name", out));
    TDI_TRY(tdi_json_get_string(at, "uri", &uri));
    if ((!*out || !**out) && uri && !tdi_uri_is_data(uri))
        *out = uri;
    return TD_OK;
}

/* The scene's image for image `index` of the file. */
static td_result take_image(tdi_gltf *gltf, uint32_t index, uint32_t *out)
{
    if (gltf->images[index] == TD_NONE) {
        tdi_json at;
        const char *name = NULL;
        tdi_image *image;
        TDI_TRY(tdi_json_get_item(&gltf->arrays.images, index, &at));
        TDI_TRY(read_name(&at, &name));
        TDI_TRY(tdi_scene_new_image(gltf->scene, name, &image));
        gltf->images[index] = gltf->scene->image_count - 1;
        gltf->image_sources[gltf->images[index]] = index;
    }
    *out = gltf->images[index];
    return TD_OK;
}

static td_result make_texture(tdi_gltf *gltf, const tdi_json *at, uint32_t source,
                              uint32_t *texture)
{
    const char *name = NULL;
    tdi_texture made = {0};
    tdi_texture *entry;
    TDI_TRY(tdi_json_get_string(at, "name", &name));
    TDI_TRY(read_sampler(gltf, at, &made));
    TDI_TRY(take_image(gltf, source, &made.image));
    TDI_TRY(tdi_scene_new_texture(gltf->scene, name, &entry));
    made.name = entry->name;
    *entry = made;
    *texture = gltf->scene->texture_count - 1;
    return TD_OK;
}

td_result tdi_gltf_take_texture(tdi_gltf *gltf, uint32_t index, uint32_t *texture)
{
    tdi_json at;
    uint32_t source;
    *texture = gltf->textures[index];
    if (*texture != TD_NONE)
        return TD_OK;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.textures, index, &at));
    TDI_TRY(
        tdi_json_get_index(&at, "source", tdi_gltf_count(&gltf->arrays.images), "image", &source));
    if (source == TD_NONE)
        return tdi_scene_note(gltf->scene, tdi_strdup("textures without a PNG or JPEG picture are "
                                                      "left out"));
    TDI_TRY(make_texture(gltf, &at, source, texture));
    gltf->textures[index] = *texture;
    return TD_OK;
}

/* The encoded bytes, of a URI or a buffer view, as the image's own. */
static td_result fetch_image(const tdi_gltf *gltf, const tdi_json *at, tdi_image *image)
{
    const char *uri = NULL;
    uint32_t view, stride;
    const uint8_t *data;
    size_t size;
    TDI_TRY(tdi_json_get_string(at, "uri", &uri));
    if (uri != NULL) {
        td_result result = tdi_gltf_fetch(gltf, uri, &image->encoded, &image->encoded_bytes);
        return result != TD_OK ? tdi_fail_in(result, "/images/%zu/uri", at->index) : TD_OK;
    }
    TDI_TRY(tdi_json_get_index(at, "bufferView", tdi_gltf_count(&gltf->arrays.buffer_views),
                               "buffer view", &view));
    if (view == TD_NONE)
        return tdi_json_fail(at, "has neither a uri nor a bufferView");
    TDI_TRY(tdi_gltf_view(gltf, view, &data, &size, &stride));
    image->encoded = tdi_alloc(size);
    if (image->encoded == NULL)
        return TD_ERROR_HOST_MEMORY;
    memcpy(image->encoded, data, size);
    image->encoded_bytes = size;
    return TD_OK;
}

td_result tdi_gltf_read_image(const tdi_gltf *gltf, uint32_t index)
{
    tdi_image *image = &gltf->scene->images[index];
    tdi_json at;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.images, gltf->image_sources[index], &at));
    TDI_TRY(fetch_image(gltf, &at, image));
    td_result result = tdi_image_prepare(image, gltf->pool);
    return result != TD_OK ? tdi_fail_in(result, "/images/%zu", at.index) : TD_OK;
}
