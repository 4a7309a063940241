#include "scene/gltf_extension.h"

#include <string.h>

#include "base/memory.h"

static const char *const supported[] = {
    "EXT_mesh_gpu_instancing",  "EXT_meshopt_compression",   "KHR_lights_punctual",
    "KHR_materials_anisotropy", "KHR_materials_clearcoat",   "KHR_materials_emissive_strength",
    "KHR_materials_ior",        "KHR_materials_iridescence", "KHR_materials_pbrSpecularGlossiness",
    "KHR_materials_sheen",      "KHR_materials_specular",    "KHR_materials_transmission",
    "KHR_materials_unlit",      "KHR_materials_variants",    "KHR_materials_volume",
    "KHR_mesh_quantization",    "KHR_texture_transform",
};

/* They say nothing about the picture. */
static const char *const invisible[] = {"KHR_xmp", "KHR_xmp_json_ld"};

static bool is_listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, list[i]) == 0)
            return true;
    }
    return false;
}

static bool is_supported(const char *name)
{
    return is_listed(name, supported, sizeof supported / sizeof *supported) ||
           is_listed(name, invisible, sizeof invisible / sizeof *invisible);
}

/* "MAJOR.MINOR", both decimal. */
static td_result read_version(const tdi_json *asset, const char *key, unsigned *major,
                              unsigned *minor)
{
    const char *text = NULL;
    TDI_TRY(tdi_json_get_string(asset, key, &text));
    if (text == NULL)
        return TD_OK;
    size_t length = strspn(text, "0123456789");
    size_t rest = text[length] == '.' ? strspn(text + length + 1, "0123456789") : 0;
    tdi_json at = tdi_json_member(asset, key);
    if (length == 0 || length > 4 || rest == 0 || rest > 4 || text[length + 1 + rest] != '\0')
        return tdi_json_fail(&at, "\"%.20s\" is not a version", text);
    *major = 0;
    *minor = 0;
    for (size_t i = 0; i < length; i++)
        *major = 10 * *major + (unsigned)(text[i] - '0');
    for (size_t i = 0; i < rest; i++)
        *minor = 10 * *minor + (unsigned)(text[length + 1 + i] - '0');
    return TD_OK;
}

td_result tdi_gltf_check_version(const tdi_json *root)
{
    tdi_json asset;
    unsigned major = 2, minor = 0;
    TDI_TRY(tdi_json_require(root, "asset"));
    TDI_TRY(tdi_json_get_object(root, "asset", &asset));
    TDI_TRY(tdi_json_require(&asset, "version"));
    TDI_TRY(read_version(&asset, "version", &major, &minor));
    tdi_json at = tdi_json_member(&asset, "version");
    if (major != 2)
        return tdi_json_fail(&at, "glTF version %u.%u; only 2.0 is read", major, minor);
    minor = 0;
    TDI_TRY(read_version(&asset, "minVersion", &major, &minor));
    at = tdi_json_member(&asset, "minVersion");
    if (major != 2 || minor > 0)
        return tdi_json_fail(&at, "the file needs glTF %u.%u; only 2.0 is read", major, minor);
    return TD_OK;
}

static td_result get_name(const tdi_json *item, const char **out)
{
    *out = json_string_value(item->value);
    return *out ? TD_OK : tdi_json_fail(item, "is not a string");
}

td_result tdi_gltf_check_required(const tdi_json *root)
{
    tdi_json list;
    TDI_TRY(tdi_json_get_array(root, "extensionsRequired", &list));
    for (size_t i = 0; i < tdi_gltf_count(&list); i++) {
        tdi_json item = tdi_json_item(&list, i);
        const char *name;
        TDI_TRY(get_name(&item, &name));
        if (!is_supported(name))
            return tdi_json_fail(&item,
                                 "the file needs the extension %.80s, which is not "
                                 "supported",
                                 name);
    }
    return TD_OK;
}

static td_result note_extensions(tdi_gltf *gltf)
{
    tdi_json list;
    TDI_TRY(tdi_json_get_array(&gltf->root, "extensionsUsed", &list));
    for (size_t i = 0; i < tdi_gltf_count(&list); i++) {
        tdi_json item = tdi_json_item(&list, i);
        const char *name;
        TDI_TRY(get_name(&item, &name));
        if (!is_supported(name))
            TDI_TRY(tdi_scene_note(
                gltf->scene,
                tdi_format("extension %.80s is not supported: drawn without it", name)));
    }
    return TD_OK;
}

static bool has_morphs(const tdi_json *meshes)
{
    for (size_t i = 0; i < tdi_gltf_count(meshes); i++) {
        const json_t *primitives = json_object_get(json_array_get(meshes->value, i), "primitives");
        for (size_t j = 0; j < json_array_size(primitives); j++) {
            if (json_object_get(json_array_get(primitives, j), "targets") != NULL)
                return true;
        }
    }
    return false;
}

td_result tdi_gltf_note_unsupported(tdi_gltf *gltf)
{
    TDI_TRY(note_extensions(gltf));
    if (tdi_gltf_count(&gltf->arrays.animations) > 0)
        TDI_TRY(tdi_scene_note(gltf->scene, tdi_strdup("animations are left out: everything "
                                                       "stands as in the file's nodes")));
    if (tdi_gltf_count(&gltf->arrays.skins) > 0)
        TDI_TRY(tdi_scene_note(gltf->scene, tdi_strdup("skins are drawn in the pose of the file's "
                                                       "nodes and do not move")));
    if (has_morphs(&gltf->arrays.meshes))
        TDI_TRY(tdi_scene_note(gltf->scene, tdi_strdup("morph targets are drawn with the weights "
                                                       "in the file and do not move")));
    return TD_OK;
}
