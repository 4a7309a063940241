/* Bounds-checked typed reading of accessors (glTF 2.0, section 3.6.2). */
#ifndef TDI_SCENE_GLTF_ACCESSOR_H
#define TDI_SCENE_GLTF_ACCESSOR_H

#include "scene/gltf_file.h"

/* glTF's componentType. */
typedef enum tdi_component {
    TDI_COMPONENT_BYTE = 5120,
    TDI_COMPONENT_UBYTE = 5121,
    TDI_COMPONENT_SHORT = 5122,
    TDI_COMPONENT_USHORT = 5123,
    TDI_COMPONENT_UINT = 5125,
    TDI_COMPONENT_FLOAT = 5126,
} tdi_component;

/* Elements in memory, one every `stride` bytes. */
typedef struct tdi_elements {
    const uint8_t *data; /* NULL: all zero */
    size_t stride;
} tdi_elements;

/* An accessor whose every byte has been checked to be there. */
typedef struct tdi_accessor {
    tdi_component component;
    bool normalized;
    uint32_t rows;         /* of a matrix; components of a vector */
    uint32_t columns;      /* 1 unless it is a matrix */
    uint32_t column_bytes; /* from one column to the next: columns begin at multiples of 4 */
    uint32_t count;
    tdi_elements elements;
    uint32_t sparse_count;
    tdi_component sparse_component; /* of the indices */
    const uint8_t *sparse_indices;
    tdi_elements sparse_values;
} tdi_accessor;

/* Opens accessor `index`, which is within the array. Thread-safe once the buffers are loaded. */
td_result tdi_accessor_open(const tdi_gltf *gltf, uint32_t index, tdi_accessor *out);

/* Components of an element. */
uint32_t tdi_accessor_width(const tdi_accessor *accessor);

/* Reads elements `first` to `first + count` as floats, normalised where the accessor says so, into
 * `out`, tdi_accessor_width floats each. The range lies within the accessor. */
void tdi_accessor_read_floats(const tdi_accessor *accessor, uint32_t first, uint32_t count,
                              float *out);

/* The components are unsigned integers, so that tdi_accessor_read_integers may be called. */
bool tdi_accessor_is_unsigned(const tdi_accessor *accessor);

/* Reads elements of unsigned integers of any width, as tdi_accessor_read_floats does. */
void tdi_accessor_read_integers(const tdi_accessor *accessor, uint32_t first, uint32_t count,
                                uint32_t *out);

#endif
