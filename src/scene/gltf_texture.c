#include "scene/gltf_texture.h"

#include "base/memory.h"
#include "scene/gltf_image.h"

static td_result read_transform(const tdi_json *info, td_texture_use *use)
{
    tdi_json link, extension;
    TDI_TRY(tdi_json_get_extension(info, "KHR_texture_transform", &link, &extension));
    if (extension.value == NULL)
        return TD_OK;
    use->scale[0] = 1.0f;
    use->scale[1] = 1.0f;
    TDI_TRY(tdi_json_get_floats(&extension, "offset", 2, use->offset, NULL));
    TDI_TRY(tdi_json_get_floats(&extension, "scale", 2, use->scale, NULL));
    TDI_TRY(tdi_json_get_float(&extension, "rotation", &use->rotation));
    return tdi_json_get_u32(&extension, "texCoord", &use->texcoord);
}

td_result tdi_gltf_read_texture(tdi_gltf *gltf, const tdi_json *owner, const char *key,
                                tdi_json *info, td_texture_use *use)
{
    uint32_t index, texture;
    TDI_TRY(tdi_json_get_object(owner, key, info));
    if (info->value == NULL)
        return TD_OK;
    TDI_TRY(tdi_json_require(info, "index"));
    TDI_TRY(tdi_json_get_index(info, "index", tdi_gltf_count(&gltf->arrays.textures), "texture",
                               &index));
    TDI_TRY(tdi_json_get_u32(info, "texCoord", &use->texcoord));
    TDI_TRY(read_transform(info, use));
    if (use->texcoord > 1) {
        TDI_TRY(tdi_scene_note(gltf->scene,
                               tdi_format("texture coordinate set %u is not supported: set 0 is "
                                          "used instead",
                                          use->texcoord)));
        use->texcoord = 0;
    }
    TDI_TRY(tdi_gltf_take_texture(gltf, index, &texture));
    use->texture = texture != TD_NONE ? texture + 1 : 0;
    return TD_OK;
}
