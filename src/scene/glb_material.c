#include "scene/glb_material.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "scene/glb_lobes.h"
#include "scene/glb_texture.h"
#include "scene/png.h"

static td_result encode_picture(const tdi_image *image, const uint8_t *pixels, uint32_t channels,
                                uint8_t **out, size_t *size)
{
    tdi_png_encoder *encoder;
    TDI_TRY(tdi_png_encoder_create(TDI_PNG_DEFLATE_AUTO, &encoder));
    tdi_png_image picture = {
        .pixels = pixels,
        .width = image->width,
        .height = image->height,
        .channels = channels,
        .depth = 8,
    };
    const uint8_t *data;
    td_result result = tdi_png_encode(encoder, &picture, &data, size);
    if (result == TD_OK) {
        *out = tdi_alloc(*size);
        if (*out)
            memcpy(*out, data, *size);
        else
            result = TD_ERROR_HOST_MEMORY;
    }
    tdi_png_encoder_destroy(encoder);
    return result;
}

/* Level 0 as PNG; without alpha where it says nothing. */
static td_result make_png(const tdi_image *image, uint8_t **out, size_t *size)
{
    if (image->has_alpha)
        return encode_picture(image, image->pixels, 4, out, size);
    size_t count = (size_t)image->width * image->height;
    uint8_t *rgb = tdi_alloc(3 * count);
    if (!rgb)
        return TD_ERROR_HOST_MEMORY;
    for (size_t i = 0; i < count; i++)
        memcpy(rgb + 3 * i, image->pixels + 4 * i, 3);
    td_result result = encode_picture(image, rgb, 3, out, size);
    tdi_free(rgb);
    return result;
}

static void add_image(tdi_glb *glb, const tdi_image *image)
{
    const uint8_t *data = image->encoded;
    uint8_t *owned = NULL;
    size_t size = image->encoded_bytes;
    if (glb->result != TD_OK)
        return;
    if (!data) {
        tdi_glb_fail(glb, make_png(image, &owned, &size));
        data = owned;
    }
    if (!data)
        return;
    bool jpeg = data[0] == 0xFF;
    json_t *object = json_object();
    uint32_t view = tdi_glb_add_view(glb, data, owned, size, 0, 0);
    tdi_glb_set(glb, object, "bufferView", json_integer(view));
    tdi_glb_set(glb, object, "mimeType", json_string(jpeg ? "image/jpeg" : "image/png"));
    tdi_glb_set_name(glb, object, image->name);
    tdi_glb_add(glb, "images", object);
}

/* The sampler of a texture; equal ones are written once. */
static uint32_t add_sampler(tdi_glb *glb, const tdi_texture *texture)
{
    static const int wraps[] = {10497, 33648, 33071};
    static const int filters[] = {9729, 9728};
    static const int mips[2][3] = {{9987, 9985, 9729}, {9986, 9984, 9728}};
    json_t *sampler = json_object();
    tdi_glb_set(glb, sampler, "magFilter", json_integer(filters[texture->mag_filter]));
    tdi_glb_set(glb, sampler, "minFilter",
                json_integer(mips[texture->min_filter][texture->mip_filter]));
    tdi_glb_set(glb, sampler, "wrapS", json_integer(wraps[texture->wrap_s]));
    tdi_glb_set(glb, sampler, "wrapT", json_integer(wraps[texture->wrap_t]));
    const json_t *known = json_object_get(glb->root, "samplers");
    for (size_t i = 0; i < json_array_size(known); i++) {
        if (json_equal(json_array_get(known, i), sampler)) {
            json_decref(sampler);
            return (uint32_t)i;
        }
    }
    return tdi_glb_add(glb, "samplers", sampler);
}

static void add_texture(tdi_glb *glb, const tdi_texture *texture)
{
    json_t *object = json_object();
    tdi_glb_set(glb, object, "source", json_integer(texture->image));
    tdi_glb_set(glb, object, "sampler", json_integer(add_sampler(glb, texture)));
    tdi_glb_set_name(glb, object, texture->name);
    tdi_glb_add(glb, "textures", object);
}

static json_t *make_metallic_roughness(tdi_glb *glb, const td_material_params *p)
{
    json_t *pbr = json_object();
    tdi_glb_set(glb, pbr, "baseColorFactor", tdi_glb_numbers(p->base_color, 4));
    tdi_glb_set(glb, pbr, "metallicFactor", json_real((double)p->metallic));
    tdi_glb_set(glb, pbr, "roughnessFactor", json_real((double)p->roughness));
    tdi_glb_set_texture(glb, pbr, "baseColorTexture", &p->base_color_texture, NULL, 0);
    tdi_glb_set_texture(glb, pbr, "metallicRoughnessTexture", &p->metallic_roughness_texture, NULL,
                        0);
    return pbr;
}

static void set_alpha(tdi_glb *glb, json_t *object, const td_material_params *p)
{
    static const char *const modes[] = {"OPAQUE", "MASK", "BLEND"};
    tdi_glb_set(glb, object, "alphaMode", json_string(modes[p->alpha_mode]));
    if (p->alpha_mode == TD_ALPHA_MASK)
        tdi_glb_set(glb, object, "alphaCutoff", json_real((double)p->alpha_cutoff));
    tdi_glb_set(glb, object, "doubleSided", json_boolean(p->double_sided));
}

/* Factors end at 1 in core glTF; what is brighter has an extension. */
static void set_emissive(tdi_glb *glb, json_t *object, const float emissive[3])
{
    float strength = fmaxf(fmaxf(emissive[0], emissive[1]), fmaxf(emissive[2], 1));
    const float factor[3] = {emissive[0] / strength, emissive[1] / strength,
                             emissive[2] / strength};
    tdi_glb_set(glb, object, "emissiveFactor", tdi_glb_numbers(factor, 3));
    if (strength == 1)
        return;
    json_t *extension = json_object();
    tdi_glb_set(glb, extension, "emissiveStrength", json_real((double)strength));
    tdi_glb_set_extension(glb, object, "KHR_materials_emissive_strength", extension);
}

static void add_material(tdi_glb *glb, const tdi_material_entry *material)
{
    const td_material_params *p = &material->params;
    json_t *object = json_object();
    tdi_glb_set_name(glb, object, material->name);
    tdi_glb_set(glb, object, "pbrMetallicRoughness", make_metallic_roughness(glb, p));
    tdi_glb_set_texture(glb, object, "normalTexture", &p->normal_texture, "scale", p->normal_scale);
    tdi_glb_set_texture(glb, object, "occlusionTexture", &p->occlusion_texture, "strength",
                        p->occlusion_strength);
    tdi_glb_set_texture(glb, object, "emissiveTexture", &p->emissive_texture, NULL, 0);
    set_emissive(glb, object, p->emissive);
    set_alpha(glb, object, p);
    if (p->unlit)
        tdi_glb_set_extension(glb, object, "KHR_materials_unlit", json_object());
    tdi_glb_set_lobes(glb, object, p);
    tdi_glb_add(glb, "materials", object);
}

void tdi_glb_add_materials(tdi_glb *glb, const td_scene *scene)
{
    for (uint32_t i = 0; i < scene->image_count; i++)
        add_image(glb, &scene->images[i]);
    for (uint32_t i = 0; i < scene->texture_count; i++)
        add_texture(glb, &scene->textures[i]);
    for (uint32_t i = 0; i < scene->material_count; i++)
        add_material(glb, &scene->materials[i]);
}
