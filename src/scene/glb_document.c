#include "scene/glb_document.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { HEADER_BYTES = 12, CHUNK_HEADER_BYTES = 8, FLOAT_DIGITS = 9 };

#define GLB_MAGIC  0x46546C67u
#define JSON_CHUNK 0x4E4F534Au
#define BIN_CHUNK  0x004E4942u

void tdi_glb_fail(tdi_glb *glb, td_result result)
{
    if (glb->result == TD_OK)
        glb->result = result;
}

static void fail_json(tdi_glb *glb)
{
    if (glb->result == TD_OK)
        glb->result = tdi_fail(TD_ERROR_HOST_MEMORY, "no memory for the JSON of a glTF file");
}

void tdi_glb_begin(tdi_glb *glb)
{
    *glb = (tdi_glb){.root = json_object()};
    json_t *asset = json_object();
    tdi_glb_set(glb, asset, "version", json_string("2.0"));
    tdi_glb_set(glb, asset, "generator", json_string("tandem"));
    tdi_glb_set(glb, glb->root, "asset", asset);
}

void tdi_glb_free(tdi_glb *glb)
{
    json_decref(glb->root);
    for (size_t i = 0; i < glb->piece_count; i++)
        tdi_free(glb->pieces[i].owned);
    tdi_free(glb->pieces);
    *glb = (tdi_glb){0};
}

void tdi_glb_set(tdi_glb *glb, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        fail_json(glb);
}

void tdi_glb_set_name(tdi_glb *glb, json_t *object, const char *name)
{
    if (name && tdi_utf8_valid(name, strlen(name)))
        tdi_glb_set(glb, object, "name", json_string(name));
}

void tdi_glb_append(tdi_glb *glb, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        fail_json(glb);
}

uint32_t tdi_glb_add(tdi_glb *glb, const char *array, json_t *item)
{
    json_t *list = json_object_get(glb->root, array);
    if (!list) {
        list = json_array();
        tdi_glb_set(glb, glb->root, array, list);
    }
    uint32_t index = (uint32_t)json_array_size(list);
    tdi_glb_append(glb, list, item);
    return index;
}

json_t *tdi_glb_numbers(const float *values, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(array, json_real((double)values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

void tdi_glb_use_extension(tdi_glb *glb, const char *name)
{
    json_t *used = json_object_get(glb->root, "extensionsUsed");
    for (size_t i = 0; i < json_array_size(used); i++)
        if (strcmp(json_string_value(json_array_get(used, i)), name) == 0)
            return;
    tdi_glb_add(glb, "extensionsUsed", json_string(name));
}

static uint64_t padded(uint64_t size)
{
    return (size + 3) / 4 * 4;
}

static bool add_piece(tdi_glb *glb, const void *data, void *owned, size_t size)
{
    td_result result = tdi_grow((void **)&glb->pieces, &glb->piece_capacity, glb->piece_count + 1,
                                sizeof *glb->pieces);
    if (result != TD_OK) {
        tdi_free(owned);
        tdi_glb_fail(glb, result);
        return false;
    }
    glb->pieces[glb->piece_count++] = (tdi_glb_piece){data, owned, size};
    return true;
}

uint32_t tdi_glb_add_view(tdi_glb *glb, const void *data, void *owned, size_t size, uint32_t stride,
                          uint32_t target)
{
    if (!add_piece(glb, data, owned, size))
        return 0;
    json_t *view = json_object();
    tdi_glb_set(glb, view, "buffer", json_integer(0));
    tdi_glb_set(glb, view, "byteOffset", json_integer((json_int_t)glb->buffer_bytes));
    tdi_glb_set(glb, view, "byteLength", json_integer((json_int_t)size));
    if (stride)
        tdi_glb_set(glb, view, "byteStride", json_integer(stride));
    if (target)
        tdi_glb_set(glb, view, "target", json_integer(target));
    glb->buffer_bytes += padded(size);
    return tdi_glb_add(glb, "bufferViews", view);
}

static void put_u32(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

static td_result append_chunk_header(tdi_file_writer *file, uint64_t size, uint32_t type)
{
    uint8_t header[CHUNK_HEADER_BYTES];
    put_u32(header, size);
    put_u32(header + 4, type);
    return tdi_file_writer_append(file, header, sizeof header);
}

static td_result append_padding(tdi_file_writer *file, uint64_t size, char filler)
{
    const char padding[3] = {filler, filler, filler};
    return tdi_file_writer_append(file, padding, padded(size) - size);
}

static td_result append_all(const tdi_glb *glb, tdi_file_writer *file, const char *json,
                            size_t json_bytes)
{
    uint64_t total = HEADER_BYTES + CHUNK_HEADER_BYTES + padded(json_bytes);
    if (glb->buffer_bytes > 0)
        total += CHUNK_HEADER_BYTES + glb->buffer_bytes;
    if (total > UINT32_MAX)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "the scene takes %llu bytes, and a .glb file holds at most 4 GiB",
                        (unsigned long long)total);
    uint8_t header[HEADER_BYTES];
    put_u32(header, GLB_MAGIC);
    put_u32(header + 4, 2);
    put_u32(header + 8, total);
    TDI_TRY(tdi_file_writer_append(file, header, sizeof header));
    TDI_TRY(append_chunk_header(file, padded(json_bytes), JSON_CHUNK));
    TDI_TRY(tdi_file_writer_append(file, json, json_bytes));
    TDI_TRY(append_padding(file, json_bytes, ' '));
    if (glb->buffer_bytes > 0)
        TDI_TRY(append_chunk_header(file, glb->buffer_bytes, BIN_CHUNK));
    for (size_t i = 0; i < glb->piece_count; i++) {
        const tdi_glb_piece *piece = &glb->pieces[i];
        TDI_TRY(tdi_file_writer_append(file, piece->data, piece->size));
        TDI_TRY(append_padding(file, piece->size, '\0'));
    }
    return TD_OK;
}

static td_result write_file(const tdi_glb *glb, const char *path, bool replace, const char *json,
                            size_t json_bytes)
{
    tdi_file_writer *file;
    TDI_TRY(tdi_make_folders_for(path));
    tdi_file_writer_params params = {.path = path, .replace = replace};
    TDI_TRY(tdi_file_writer_create(&params, &file));
    td_result result = append_all(glb, file, json, json_bytes);
    if (result != TD_OK) {
        tdi_file_writer_abort(file);
        return result;
    }
    return tdi_file_writer_commit(file);
}

static int append_text(const char *data, size_t size, void *user)
{
    tdi_text_append_bytes(user, data, size);
    return 0;
}

td_result tdi_glb_write(tdi_glb *glb, const char *path, bool replace)
{
    if (glb->buffer_bytes > 0) {
        json_t *buffer = json_object();
        tdi_glb_set(glb, buffer, "byteLength", json_integer((json_int_t)glb->buffer_bytes));
        tdi_glb_add(glb, "buffers", buffer);
    }
    TDI_TRY(glb->result);
    tdi_text_builder text = {0};
    size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(FLOAT_DIGITS);
    if (json_dump_callback(glb->root, append_text, &text, flags) != 0) {
        tdi_text_free(&text);
        return tdi_fail(TD_ERROR_HOST_MEMORY, "no memory for the JSON of a glTF file");
    }
    char *json;
    size_t json_bytes;
    TDI_TRY(tdi_text_take(&text, &json, &json_bytes));
    td_result result = write_file(glb, path, replace, json, json_bytes);
    tdi_free(json);
    return result;
}
