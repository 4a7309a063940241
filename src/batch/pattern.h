/* Patterns of output paths: text with placeholders {view}, {view:04}, {camera}, {output} and
 * {scene}; "{{" and "}}" stand for braces. Immutable once parsed; thread-safe. */
#ifndef TDI_BATCH_PATTERN_H
#define TDI_BATCH_PATTERN_H

#include "base/error.h"

typedef enum tdi_placeholder {
    TDI_PLACEHOLDER_VIEW = 0,
    TDI_PLACEHOLDER_CAMERA = 1,
    TDI_PLACEHOLDER_OUTPUT = 2,
    TDI_PLACEHOLDER_SCENE = 3,
    TDI_PLACEHOLDER_COUNT = 4,
} tdi_placeholder;

typedef struct tdi_pattern tdi_pattern;

/* What the placeholders stand for. In texts, what would leave the folder or upset a file system
 * (slashes, control characters, a leading dot) becomes "_". */
typedef struct tdi_pattern_values {
    uint64_t view;
    const char *camera;
    const char *output;
    const char *scene;
} tdi_pattern_values;

/* TD_ERROR_ARGUMENT names what cannot be understood. */
td_result tdi_pattern_parse(const char *text, tdi_pattern **out);
/* NULL is fine. */
void tdi_pattern_destroy(tdi_pattern *pattern);
const char *tdi_pattern_text(const tdi_pattern *pattern);
bool tdi_pattern_has(const tdi_pattern *pattern, tdi_placeholder placeholder);
/* `*path` is the caller's (tdi_free). */
td_result tdi_pattern_expand(const tdi_pattern *pattern, const tdi_pattern_values *values,
                             char **path);

#endif
