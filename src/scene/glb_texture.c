#include "scene/glb_texture.h"

void tdi_glb_set_extension(tdi_glb *glb, json_t *object, const char *name, json_t *value)
{
    json_t *extensions = json_object_get(object, "extensions");
    if (!extensions) {
        extensions = json_object();
        tdi_glb_set(glb, object, "extensions", extensions);
    }
    tdi_glb_set(glb, extensions, name, value);
    tdi_glb_use_extension(glb, name);
}

static void add_transform(tdi_glb *glb, json_t *info, const td_texture_use *use)
{
    bool scaled =
        (use->scale[0] != 0 || use->scale[1] != 0) && (use->scale[0] != 1 || use->scale[1] != 1);
    if (!scaled && use->offset[0] == 0 && use->offset[1] == 0 && use->rotation == 0)
        return;
    json_t *transform = json_object();
    tdi_glb_set(glb, transform, "offset", tdi_glb_numbers(use->offset, 2));
    tdi_glb_set(glb, transform, "rotation", json_real((double)use->rotation));
    if (scaled)
        tdi_glb_set(glb, transform, "scale", tdi_glb_numbers(use->scale, 2));
    tdi_glb_set_extension(glb, info, "KHR_texture_transform", transform);
}

void tdi_glb_set_texture(tdi_glb *glb, json_t *object, const char *key, const td_texture_use *use,
                         const char *strength_key, float strength)
{
    if (use->texture == 0)
        return;
    json_t *info = json_object();
    tdi_glb_set(glb, info, "index", json_integer(use->texture - 1));
    tdi_glb_set(glb, info, "texCoord", json_integer(use->texcoord));
    if (strength_key)
        tdi_glb_set(glb, info, strength_key, json_real((double)strength));
    add_transform(glb, info, use);
    tdi_glb_set(glb, object, key, info);
}
