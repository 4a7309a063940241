#include "scene/gltf_buffer.h"

#include <string.h>
#include <strings.h>

#include "base/file_below.h"
#include "base/memory.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* RFC 3986: a letter, then letters, digits, + - . and a colon. */
static bool has_scheme(const char *uri)
{
    size_t length =
        strspn(uri, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
    bool starts_with_letter = (uri[0] >= 'A' && uri[0] <= 'Z') || (uri[0] >= 'a' && uri[0] <= 'z');
    return length > 0 && starts_with_letter && uri[length] == ':';
}

/* In place. A % without two digits stands for itself, as many exporters write it. False if it
 * would put a zero byte into the path. */
static bool percent_decode(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        int high = *in == '%' ? hex_digit(in[1]) : -1;
        int low = high >= 0 ? hex_digit(in[2]) : -1;
        if (low < 0) {
            *out++ = *in;
            continue;
        }
        if (high == 0 && low == 0)
            return false;
        *out++ = (char)(16 * high + low);
        in += 2;
    }
    *out = '\0';
    return true;
}

/* True if going along the path leaves, at any point, the folder where it begins. */
static bool leaves_folder(const char *path)
{
    long depth = 0;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.')
            depth--;
        else if (length > 0 && !(length == 1 && path[0] == '.'))
            depth++;
        if (depth < 0)
            return true;
        path += length;
        path += strspn(path, "/");
    }
    return false;
}

td_result tdi_uri_to_path(const char *uri, char **path)
{
    *path = NULL;
    if (has_scheme(uri))
        return tdi_fail(TD_ERROR_INPUT,
                        "\"%.80s\" is not a relative path; only files beside the glTF file are "
                        "read",
                        uri);
    char *decoded = tdi_strdup(uri);
    if (decoded == NULL)
        return TD_ERROR_HOST_MEMORY;
    td_result result = TD_OK;
    if (!percent_decode(decoded) || decoded[0] == '\0')
        result = tdi_fail(TD_ERROR_INPUT, "\"%.80s\" is not the name of a file", uri);
    else if (decoded[0] == '/' || leaves_folder(decoded))
        result = tdi_fail(TD_ERROR_INPUT,
                          "\"%.80s\" lies outside the folder of the glTF file; only files in it "
                          "are read",
                          uri);
    if (result != TD_OK) {
        tdi_free(decoded);
        return result;
    }
    *path = decoded;
    return TD_OK;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* `length` digits without padding; false if one is none, or if a single one is left over. */
static bool decode_base64(const char *text, size_t length, uint8_t *out)
{
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *out++ = (uint8_t)(bits >> held);
        }
    }
    return held < 6;
}

td_result tdi_uri_decode_data(const char *uri, uint8_t **data, size_t *size)
{
    static const char marker[] = ";base64";
    const char *comma = strchr(uri, ',');
    if (comma == NULL || (size_t)(comma - uri) < sizeof marker - 1 ||
        strncasecmp(comma - (sizeof marker - 1), marker, sizeof marker - 1) != 0)
        return tdi_fail(TD_ERROR_INPUT, "\"%.40s...\" is a data URI without ;base64,", uri);
    const char *text = comma + 1;
    size_t length = strlen(text);
    for (int padding = 0; padding < 2 && length > 0 && text[length - 1] == '='; padding++)
        length--;
    /* One byte more, so that an empty buffer has an address too. */
    *data = tdi_alloc(length / 4 * 3 + 4);
    if (*data == NULL)
        return TD_ERROR_HOST_MEMORY;
    *size = length * 6 / 8;
    if (decode_base64(text, length, *data))
        return TD_OK;
    tdi_free(*data);
    *data = NULL;
    return tdi_fail(TD_ERROR_INPUT, "the base64 of the data URI is damaged");
}

bool tdi_uri_is_data(const char *uri)
{
    return strncasecmp(uri, "data:", 5) == 0;
}

td_result tdi_gltf_fetch(const tdi_gltf *gltf, const char *uri, uint8_t **data, size_t *size)
{
    if (tdi_uri_is_data(uri))
        return tdi_uri_decode_data(uri, data, size);
    char *path;
    TDI_TRY(tdi_uri_to_path(uri, &path));
    td_result result = tdi_file_read_below(gltf->folder, path, gltf->limit, data, size);
    tdi_free(path);
    return result;
}

/* The BIN chunk is that of the first buffer, if that has no URI. */
static td_result load_buffer(const tdi_gltf *gltf, const tdi_json *at, uint32_t index,
                             tdi_gltf_buffer *buffer)
{
    const char *uri = NULL;
    uint64_t length = 0;
    TDI_TRY(tdi_json_require(at, "byteLength"));
    TDI_TRY(tdi_json_get_u64(at, "byteLength", &length));
    TDI_TRY(tdi_json_get_string(at, "uri", &uri));
    if (uri != NULL) {
        td_result result = tdi_gltf_fetch(gltf, uri, &buffer->owned, &buffer->size);
        if (result != TD_OK)
            return tdi_fail_in(result, "/buffers/%u/uri", index);
        buffer->data = buffer->owned;
    } else if (index == 0 && gltf->chunk != NULL) {
        buffer->data = gltf->chunk;
        buffer->size = gltf->chunk_size;
    } else {
        return TD_OK;
    }
    if (length > buffer->size)
        return tdi_json_fail(at, "has %zu bytes where byteLength says %llu", buffer->size,
                             (unsigned long long)length);
    buffer->size = (size_t)length;
    return TD_OK;
}

td_result tdi_gltf_load_buffers(tdi_gltf *gltf)
{
    const tdi_json *array = &gltf->arrays.buffers;
    uint32_t count = (uint32_t)tdi_gltf_count(array);
    gltf->buffers = tdi_alloc_zero(count, sizeof *gltf->buffers);
    if (gltf->buffers == NULL)
        return TD_ERROR_HOST_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        tdi_json at;
        TDI_TRY(tdi_json_get_item(array, i, &at));
        gltf->buffer_count = i + 1;
        TDI_TRY(load_buffer(gltf, &at, i, &gltf->buffers[i]));
    }
    return TD_OK;
}

td_result tdi_gltf_view(const tdi_gltf *gltf, uint32_t view, const uint8_t **data, size_t *size,
                        uint32_t *stride)
{
    tdi_json at;
    uint32_t index;
    uint64_t offset = 0;
    uint64_t length = 0;
    *stride = 0;
    TDI_TRY(tdi_json_get_item(&gltf->arrays.buffer_views, view, &at));
    TDI_TRY(tdi_json_require(&at, "buffer"));
    TDI_TRY(tdi_json_require(&at, "byteLength"));
    TDI_TRY(tdi_json_get_index(&at, "buffer", gltf->buffer_count, "buffer", &index));
    TDI_TRY(tdi_json_get_u64(&at, "byteOffset", &offset));
    TDI_TRY(tdi_json_get_u64(&at, "byteLength", &length));
    TDI_TRY(tdi_json_get_u32(&at, "byteStride", stride));
    if (view < gltf->decoded_count && gltf->decoded[view].data != NULL) {
        *data = gltf->decoded[view].data;
        *size = gltf->decoded[view].size;
        return TD_OK;
    }
    const tdi_gltf_buffer *buffer = &gltf->buffers[index];
    if (buffer->data == NULL)
        return tdi_json_fail(&at, "uses buffer %u, which has no bytes", index);
    if (length > buffer->size || offset > buffer->size - length)
        return tdi_json_fail(&at, "bytes %llu to %llu are past the end of buffer %u (%zu bytes)",
                             (unsigned long long)offset, (unsigned long long)(offset + length),
                             index, buffer->size);
    *data = buffer->data + offset;
    *size = (size_t)length;
    return TD_OK;
}
