#include "scene/gltf_container.h"

#include <string.h>

#define HEADER_BYTES 12
#define CHUNK_BYTES  8
#define GLB_MAGIC    0x46546C67u
#define CHUNK_JSON   0x4E4F534Au
#define CHUNK_BIN    0x004E4942u

static uint32_t read_u32(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static td_result check_header(const uint8_t *data, size_t size, size_t *length)
{
    if (size < HEADER_BYTES)
        return tdi_fail(TD_ERROR_INPUT, "byte %zu: the file ends within the GLB header", size);
    if (read_u32(data + 4) != 2)
        return tdi_fail(TD_ERROR_INPUT, "byte 4: GLB version %u; only 2 is read",
                        read_u32(data + 4));
    *length = read_u32(data + 8);
    if (*length > size)
        return tdi_fail(TD_ERROR_INPUT,
                        "byte 8: the header says %zu bytes, but the file has %zu; it is cut off",
                        *length, size);
    if (*length < HEADER_BYTES + CHUNK_BYTES)
        return tdi_fail(TD_ERROR_INPUT, "byte 8: a length of %zu leaves no room for a chunk",
                        *length);
    return TD_OK;
}

/* Takes the chunk at `*offset` and moves on. The first must be JSON, a BIN counts if it is the
 * second; others are for extensions and are passed over. */
static td_result take_chunk(const uint8_t *data, size_t length, size_t *offset, unsigned number,
                            tdi_gltf_container *out)
{
    if (length - *offset < CHUNK_BYTES)
        return tdi_fail(TD_ERROR_INPUT, "byte %zu: the file ends within a chunk's header", *offset);
    size_t size = read_u32(data + *offset);
    uint32_t type = read_u32(data + *offset + 4);
    size_t start = *offset + CHUNK_BYTES;
    if (size > length - start)
        return tdi_fail(TD_ERROR_INPUT,
                        "byte %zu: a chunk of %zu bytes does not fit the %zu bytes that are left",
                        *offset, size, length - start);
    if (number == 0 && type != CHUNK_JSON)
        return tdi_fail(TD_ERROR_INPUT, "byte %zu: the first chunk is not JSON", *offset + 4);
    if (number == 0) {
        out->json = data + start;
        out->json_size = size;
    } else if (number == 1 && type == CHUNK_BIN) {
        out->chunk = data + start;
        out->chunk_size = size;
    }
    *offset = start + size;
    return TD_OK;
}

td_result tdi_gltf_open_container(const uint8_t *data, size_t size, tdi_gltf_container *out)
{
    *out = (tdi_gltf_container){.json = data, .json_size = size};
    if (size < 4 || read_u32(data) != GLB_MAGIC)
        return TD_OK;
    size_t length = 0;
    size_t offset = HEADER_BYTES;
    TDI_TRY(check_header(data, size, &length));
    for (unsigned number = 0; offset < length; number++)
        TDI_TRY(take_chunk(data, length, &offset, number, out));
    return TD_OK;
}
