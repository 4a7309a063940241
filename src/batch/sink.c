#include "batch/sink.h"

#include <string.h>

const tdi_output_kind tdi_output_kinds[TDI_OUTPUT_COUNT] = {
    {TD_OUTPUT_COLOR, "color", TDI_PICTURE_COLOR},
    {TD_OUTPUT_DEPTH, "depth", TDI_PICTURE_SCALAR},
    {TD_OUTPUT_OBJECT, "object", TDI_PICTURE_ID},
};

static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot : "";
}

static td_result refuse_ending(const char *path, const char *ending)
{
    static const char *const later[] = {".jpg", ".jpeg", ".exr", ".webp", ".npz",
                                        ".tar", ".mp4",  ".mkv", ".webm"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strcmp(ending, later[i]) == 0)
            return tdi_fail(TD_ERROR_ARGUMENT, "%s: %s is not there yet; use .png or .npy", path,
                            ending);
    }
    return tdi_fail(TD_ERROR_ARGUMENT,
                    "%s: the ending says which kind of file is wanted; use .png or .npy", path);
}

td_result tdi_sink_choose(const char *path, uint32_t outputs, tdi_sink *sink)
{
    const char *ending = ending_of(path);
    if (strcmp(path, "-") == 0)
        *sink = TDI_SINK_RAW;
    else if (strcmp(ending, ".png") == 0)
        *sink = TDI_SINK_PNG;
    else if (strcmp(ending, ".npy") == 0)
        *sink = TDI_SINK_NPY;
    else
        return refuse_ending(path, ending);
    if (*sink == TDI_SINK_PNG && (outputs & TD_OUTPUT_DEPTH) != 0)
        return tdi_fail(TD_ERROR_ARGUMENT, "%s: depth does not fit a .png; use .npy", path);
    return TD_OK;
}
