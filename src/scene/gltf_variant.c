#include "scene/gltf_variant.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define NAME "KHR_materials_variants"

/* Names that a sentence has room for. */
#define LISTED 16

static td_result keep_names(tdi_gltf *gltf, const tdi_json *list)
{
    for (size_t i = 0; i < tdi_gltf_count(list); i++) {
        tdi_json item;
        const char *name = NULL;
        TDI_TRY(tdi_json_get_item(list, i, &item));
        TDI_TRY(tdi_json_require(&item, "name"));
        TDI_TRY(tdi_json_get_string(&item, "name", &name));
        TDI_TRY(tdi_scene_add_variant(gltf->scene, name));
    }
    return TD_OK;
}

static td_result fail_unknown(const td_scene *scene, const char *wanted)
{
    if (scene->variant_count == 0)
        return tdi_fail(TD_ERROR_NOT_FOUND,
                        "there is no material variant \"%.80s\": the file has none", wanted);
    tdi_text_builder text = {0};
    for (uint32_t i = 0; i < scene->variant_count && i < LISTED; i++)
        tdi_text_append(&text, "%s\"%.80s\"", i > 0 ? ", " : "", scene->variants[i]);
    if (scene->variant_count > LISTED)
        tdi_text_append(&text, " and %u more", scene->variant_count - LISTED);
    char *names;
    TDI_TRY(tdi_text_take(&text, &names, NULL));
    const td_result result =
        tdi_fail(TD_ERROR_NOT_FOUND, "there is no material variant \"%.80s\"; the file has %s",
                 wanted, names);
    tdi_free(names);
    return result;
}

td_result tdi_gltf_read_variants(tdi_gltf *gltf, const char *wanted)
{
    tdi_json link, extension, list;
    TDI_TRY(tdi_json_get_extension(&gltf->root, NAME, &link, &extension));
    TDI_TRY(tdi_json_get_array(&extension, "variants", &list));
    TDI_TRY(keep_names(gltf, &list));
    gltf->variant = TD_NONE;
    for (uint32_t i = 0; wanted && i < gltf->scene->variant_count; i++) {
        if (strcmp(gltf->scene->variants[i], wanted) == 0) {
            gltf->variant = i;
            return TD_OK;
        }
    }
    return wanted ? fail_unknown(gltf->scene, wanted) : TD_OK;
}

/* Whether a mapping is for the variant that is drawn. */
static td_result is_for(const tdi_gltf *gltf, const tdi_json *mapping, bool *out)
{
    tdi_json list;
    *out = false;
    TDI_TRY(tdi_json_require(mapping, "variants"));
    TDI_TRY(tdi_json_get_array(mapping, "variants", &list));
    for (size_t i = 0; i < tdi_gltf_count(&list); i++) {
        const tdi_json item = tdi_json_item(&list, i);
        uint32_t variant;
        TDI_TRY(tdi_json_to_index(&item, gltf->scene->variant_count, "material variant", &variant));
        *out = *out || variant == gltf->variant;
    }
    return TD_OK;
}

td_result tdi_gltf_variant_material(const tdi_gltf *gltf, const tdi_json *primitive,
                                    uint32_t *material)
{
    tdi_json link, extension, list;
    TDI_TRY(tdi_json_get_extension(primitive, NAME, &link, &extension));
    TDI_TRY(tdi_json_get_array(&extension, "mappings", &list));
    for (size_t i = 0; i < tdi_gltf_count(&list); i++) {
        tdi_json mapping;
        uint32_t other;
        bool wanted;
        TDI_TRY(tdi_json_get_item(&list, i, &mapping));
        TDI_TRY(tdi_json_require(&mapping, "material"));
        TDI_TRY(tdi_json_get_index(&mapping, "material", tdi_gltf_count(&gltf->arrays.materials),
                                   "material", &other));
        TDI_TRY(is_for(gltf, &mapping, &wanted));
        if (wanted)
            *material = other;
    }
    return TD_OK;
}
