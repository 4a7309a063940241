#include "render/result.h"

#include "base/memory.h"

#define PLANE_ALIGNMENT 16

struct tdi_results {
    tdi_result_layout layout;
    td_readback *ring; /* a slot for each submission, a part for each view */
};

static VkDeviceSize place_plane(VkDeviceSize *end, VkDeviceSize bytes)
{
    const VkDeviceSize start = *end;
    *end += (bytes + PLANE_ALIGNMENT - 1) / PLANE_ALIGNMENT * PLANE_ALIGNMENT;
    return start;
}

void tdi_result_layout_make(uint32_t width, uint32_t height, uint32_t outputs,
                            tdi_result_layout *out)
{
    const VkDeviceSize plane = (VkDeviceSize)width * height * 4;
    VkDeviceSize end = 0;
    *out = (tdi_result_layout){.width = width, .height = height, .outputs = outputs};
    if (outputs & TD_OUTPUT_COLOR)
        out->color = place_plane(&end, plane);
    if (outputs & TD_OUTPUT_DEPTH)
        out->depth = place_plane(&end, plane);
    if (outputs & TD_OUTPUT_OBJECT)
        out->object = place_plane(&end, plane);
    out->view_bytes = end;
}

td_result tdi_results_create(td_device *device, const tdi_result_layout *layout, uint32_t max_views,
                             uint32_t slots, tdi_results **out)
{
    tdi_results *results = tdi_alloc_zero(1, sizeof *results);
    if (!results)
        return TD_ERROR_HOST_MEMORY;
    results->layout = *layout;
    const td_readback_params params = {
        .name = "results",
        .slot_bytes = layout->view_bytes * max_views,
        .slots = slots,
        .parts = max_views,
    };
    const td_result result = td_readback_create(device, &params, &results->ring);
    if (result != TD_OK) {
        tdi_free(results);
        return result;
    }
    tdi_readback_set_owner(results->ring, results);
    *out = results;
    return TD_OK;
}

void tdi_results_destroy(tdi_results *results)
{
    if (!results)
        return;
    td_readback_destroy(results->ring);
    tdi_free(results);
}

td_result tdi_results_begin(tdi_results *results, uint32_t views, uint64_t timeout_ns,
                            tdi_result **out)
{
    TDI_TRY(tdi_readback_begin(results->ring, views, timeout_ns, out));
    tdi_result_set_rows(*out, results->layout.height);
    return TD_OK;
}

void tdi_result_set_rows(tdi_result *result, uint32_t rows)
{
    for (uint32_t i = 0; i < result->lease.part_count; i++)
        result->parts[i].data.height = rows;
}

VkBuffer tdi_result_buffer(const tdi_result *result)
{
    return result->buffer;
}

VkDeviceSize tdi_result_bytes(const tdi_result *result)
{
    return result->size;
}

void tdi_result_submitted(tdi_result *result, td_ticket ticket, td_request **requests)
{
    const tdi_results *results = tdi_readback_owner(result->ring);
    result->arriving = results->layout.view_bytes * result->lease.part_count;
    tdi_lease_submitted(&result->lease, ticket, requests);
}

void tdi_result_abandon(tdi_result *result, td_ticket ticket)
{
    tdi_lease_abandon(&result->lease, ticket);
}

static td_result plane_of(const tdi_result_layout *layout, td_output output, VkDeviceSize *offset,
                          td_image *out)
{
    if (!(layout->outputs & (uint32_t)output))
        return tdi_fail(TD_ERROR_NOT_FOUND, "the renderer was made without this output");
    out->width = layout->width;
    out->height = layout->height;
    out->row_bytes = (size_t)layout->width * 4;
    out->channels = 1;
    switch (output) {
    case TD_OUTPUT_COLOR:
        *offset = layout->color;
        out->channels = 4;
        out->component = TD_COMPONENT_UINT8;
        return TD_OK;
    case TD_OUTPUT_DEPTH:
        *offset = layout->depth;
        out->component = TD_COMPONENT_FLOAT32;
        return TD_OK;
    case TD_OUTPUT_OBJECT:
        *offset = layout->object;
        out->component = TD_COMPONENT_INT32;
        return TD_OK;
    }
    return tdi_fail(TD_ERROR_ARGUMENT, "no such output: %d", (int)output);
}

/* The slot of a view's request and, in `index`, which view of it; NULL for other requests. */
static const tdi_result *result_of(td_request *request, uint32_t *index)
{
    const tdi_lease_part *part = tdi_lease_part_of(request);
    const tdi_result *result = part ? tdi_readback_slot_of(part) : NULL;
    if (!result || !tdi_readback_owner(result->ring))
        return NULL;
    *index = (uint32_t)(part - result->parts);
    return result;
}

td_result td_request_image(td_request *request, td_output output, td_image *out)
{
    if (!request || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_request_image: request and out must not be NULL");
    uint32_t index = 0;
    const tdi_result *result = result_of(request, &index);
    if (!result)
        return tdi_fail(TD_ERROR_ARGUMENT, "this is not the request of a view");
    if (td_request_poll(request) != TD_REQUEST_READY)
        return tdi_fail(TD_ERROR_STATE, "the view is not ready");
    const tdi_results *results = tdi_readback_owner(result->ring);
    VkDeviceSize offset = 0;
    *out = (td_image){0};
    TDI_TRY(plane_of(&results->layout, output, &offset, out));
    out->height = result->parts[index].data.height;
    out->pixels = (const char *)result->mapped + index * results->layout.view_bytes + offset;
    return TD_OK;
}
