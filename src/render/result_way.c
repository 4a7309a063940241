#include "render/result_way.h"

/* From how many bytes a view on the copy was measured to be faster (`./dev bench readback`):
 * nowhere so far. On an H100 the pass writes 50.1 GB/s and the copy lane moves 48.5 at 1920x1080,
 * and small images save a submission; on a software device a copy is one more pass over memory. */
static const struct {
    bool software;
    uint64_t copied_from;
    const char *reason;
} measured[] = {
    {true, UINT64_MAX, "a software device: writing there was measured to be faster than a copy"},
    {false, UINT64_MAX, "a GPU: writing there was measured to be as fast as the copy lane"},
};

static bool faster_copied(const td_device *device, uint64_t bytes, const char **reason)
{
    size_t row = 0;
    while (measured[row].software != device->info.software)
        row++;
    *reason = measured[row].reason;
    if (bytes < measured[row].copied_from)
        return false;
    *reason = "the copy lane was measured to be faster for this size";
    return true;
}

td_result tdi_result_way_choose(const td_device *device, td_copy_mode asked, uint64_t bytes,
                                bool bound, bool *copied, const char **reason)
{
    *copied = asked == TD_COPY_ALWAYS;
    *reason = "asked for";
    if (asked == TD_COPY_AUTO)
        *copied = faster_copied(device, bytes, reason);
    if (*copied || bound)
        return TD_OK;
    if (asked == TD_COPY_NEVER)
        return tdi_fail(TD_ERROR_UNSUPPORTED,
                        "results of %llu bytes a view cannot be written into host memory by the "
                        "last pass, which can bind %llu; let them be copied, or use bands",
                        (unsigned long long)bytes, (unsigned long long)device->max_storage_range);
    *copied = true;
    *reason = "larger than the last pass can bind";
    return TD_OK;
}
