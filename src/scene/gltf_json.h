/* Reading JSON with a memory of the place: every failure names the JSON pointer (RFC 6901).
 *
 * A tdi_json is a value and the way to it. It lives on the stack and points at its parent, so it
 * must not outlive it. Absent members have a NULL value and are fine wherever there is a default.
 * Failures are TD_ERROR_INPUT, the sentence "/pointer: what is wrong"; the file's name is put in
 * front by gltf.c. */
#ifndef TDI_SCENE_GLTF_JSON_H
#define TDI_SCENE_GLTF_JSON_H

#include <jansson.h>

#include <tandem/scene.h>

#include "base/error.h"

typedef struct tdi_json tdi_json;
struct tdi_json {
    const json_t *value; /* NULL: absent */
    const tdi_json *parent;
    const char *key; /* NULL: an item of an array, at `index` */
    size_t index;
};

/* Parses text (which need not end in zero). The caller frees `*root` with json_decref. */
td_result tdi_json_parse(const uint8_t *text, size_t size, json_t **root);

td_result tdi_json_fail(const tdi_json *at, const char *format, ...) TD_PRINTF(2, 3);
/* The same sentence for what is no failure; the caller's (tdi_free). NULL without memory. */
char *tdi_json_sentence(const tdi_json *at, const char *format, ...) TD_PRINTF(2, 3);

/* The member or item, absent if there is none; the parent must be an object or array, or absent. */
tdi_json tdi_json_member(const tdi_json *object, const char *key);
tdi_json tdi_json_item(const tdi_json *array, size_t index);

/* The member of that type; absent is fine, another type is not. */
td_result tdi_json_get_array(const tdi_json *object, const char *key, tdi_json *out);
td_result tdi_json_get_object(const tdi_json *object, const char *key, tdi_json *out);

/* The item, which must be an object. */
td_result tdi_json_get_item(const tdi_json *array, size_t index, tdi_json *out);

/* Scalars; absent leaves `*out` as it is. */
td_result tdi_json_get_u32(const tdi_json *object, const char *key, uint32_t *out);
td_result tdi_json_get_u64(const tdi_json *object, const char *key, uint64_t *out);
td_result tdi_json_get_float(const tdi_json *object, const char *key, float *out);
td_result tdi_json_get_bool(const tdi_json *object, const char *key, bool *out);
td_result tdi_json_get_string(const tdi_json *object, const char *key, const char **out);

/* An array of exactly `count` finite numbers; `*found` (may be NULL) tells whether it was there. */
td_result tdi_json_get_floats(const tdi_json *object, const char *key, unsigned count, float *out,
                              bool *found);

/* An index below `count`; absent is TD_NONE. `what` is the singular of what is counted. */
td_result tdi_json_get_index(const tdi_json *object, const char *key, size_t count,
                             const char *what, uint32_t *out);
/* The same for the number itself, which must be there. */
td_result tdi_json_to_index(const tdi_json *at, size_t count, const char *what, uint32_t *out);

/* Fails if the member is absent. */
td_result tdi_json_require(const tdi_json *object, const char *key);

/* The object `extensions/NAME` of an object; absent if there is none. `link` is given to hold the
 * way to it. */
td_result tdi_json_get_extension(const tdi_json *object, const char *name, tdi_json *link,
                                 tdi_json *out);

#endif
