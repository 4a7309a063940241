#include "render/result.h"

#include "async/request.h"
#include "base/memory.h"

#define PLANE_ALIGNMENT 16

/* One view of a result: the payload of its request. */
typedef struct result_view {
    tdi_result *result;
    uint32_t index;
    td_request *request;
} result_view;

struct tdi_result {
    tdi_results *results;
    tdi_readback_slot *slot;
    tdi_watch watch;
    uint32_t view_count;
    uint32_t rows;       /* of each plane; the layout's at most */
    uint32_t unreleased; /* guarded by results->mutex */
    result_view views[TDI_MAX_VIEWS];
};

struct tdi_results {
    td_device *device;
    tdi_result_layout layout;
    tdi_readback *ring;
    tdi_mutex mutex;
    uint32_t count;
    tdi_result items[]; /* by index of the ring's slot */
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

/* The slot goes back with the last view of it. */
static void release_view(tdi_result *result)
{
    tdi_mutex_lock(&result->results->mutex);
    const bool last = --result->unreleased == 0;
    tdi_mutex_unlock(&result->results->mutex);
    if (last)
        tdi_readback_release(result->slot);
}

/* Called when the request is finished and nobody holds it any more. */
static void destroy_view(void *payload)
{
    const result_view *view = payload;
    release_view(view->result);
}

static const tdi_request_class view_class = {.destroy = destroy_view};

td_result tdi_results_create(td_device *device, const tdi_result_layout *layout, uint32_t max_views,
                             uint32_t slots, tdi_results **out)
{
    tdi_results *results =
        tdi_alloc_zero(1, sizeof *results + (size_t)slots * sizeof results->items[0]);
    if (!results)
        return TD_ERROR_HOST_MEMORY;
    results->device = device;
    results->layout = *layout;
    results->count = slots;
    td_result result = tdi_mutex_init(&results->mutex, TDI_RANK_RENDERER);
    if (result != TD_OK) {
        tdi_free(results);
        return result;
    }
    const tdi_readback_params params = {
        .name = "results",
        .slot_bytes = layout->view_bytes * max_views,
        .slots = slots,
    };
    result = tdi_readback_create(device, &params, &results->ring);
    if (result != TD_OK) {
        tdi_results_destroy(results);
        return result;
    }
    *out = results;
    return TD_OK;
}

void tdi_results_destroy(tdi_results *results)
{
    if (!results)
        return;
    tdi_readback_destroy(results->ring);
    tdi_mutex_destroy(&results->mutex);
    tdi_free(results);
}

/* Requests that nobody has seen yet are finished and released at once; their views count as
 * released then. */
static void drop_requests(tdi_result *result, uint32_t count, td_result reason)
{
    for (uint32_t i = 0; i < count; i++) {
        td_request *request = result->views[i].request;
        tdi_request_finish(request, reason);
        td_request_release(request);
    }
}

td_result tdi_results_begin(tdi_results *results, uint32_t views, uint64_t timeout_ns,
                            tdi_result **out)
{
    tdi_readback_slot *slot = NULL;
    TDI_TRY(tdi_readback_acquire(results->ring, timeout_ns, &slot));
    tdi_result *result = &results->items[slot->index];
    *result = (tdi_result){
        .results = results,
        .slot = slot,
        .view_count = views,
        .rows = results->layout.height,
        .unreleased = views,
    };
    for (uint32_t i = 0; i < views; i++) {
        result->views[i] = (result_view){.result = result, .index = i};
        const td_result made =
            tdi_request_create(&view_class, &result->views[i], &result->views[i].request);
        if (made != TD_OK) {
            result->unreleased = i + 1; /* those made, and the one released here */
            drop_requests(result, i, made);
            release_view(result);
            return made;
        }
    }
    *out = result;
    return TD_OK;
}

void tdi_result_set_rows(tdi_result *result, uint32_t rows)
{
    result->rows = rows;
}

VkBuffer tdi_result_buffer(const tdi_result *result)
{
    return result->slot->buffer;
}

VkDeviceSize tdi_result_bytes(const tdi_result *result)
{
    return result->slot->size;
}

static void finish_views(tdi_watch *watch, td_result outcome)
{
    tdi_result *result = (tdi_result *)((char *)watch - offsetof(tdi_result, watch));
    if (outcome == TD_OK)
        outcome = tdi_readback_finish(result->slot);
    /* A view may be released, and the slot taken again, as soon as the last one is finished. */
    td_request *requests[TDI_MAX_VIEWS];
    const uint32_t count = result->view_count;
    for (uint32_t i = 0; i < count; i++)
        requests[i] = result->views[i].request;
    tdi_requests_finish(requests, count, outcome);
}

void tdi_result_submitted(tdi_result *result, td_ticket ticket, td_request **requests)
{
    for (uint32_t i = 0; i < result->view_count; i++)
        requests[i] = result->views[i].request;
    result->watch = (tdi_watch){.ticket = ticket, .reached = finish_views};
    tdi_ticket_watch(result->results->device, &result->watch);
}

static void finish_abandoned(tdi_watch *watch, td_result outcome)
{
    tdi_result *result = (tdi_result *)((char *)watch - offsetof(tdi_result, watch));
    drop_requests(result, result->view_count, outcome == TD_OK ? TD_ERROR_CANCELLED : outcome);
}

void tdi_result_abandon(tdi_result *result, td_ticket ticket)
{
    result->watch = (tdi_watch){.ticket = ticket, .reached = finish_abandoned};
    if (ticket.value)
        tdi_ticket_watch(result->results->device, &result->watch);
    else
        finish_abandoned(&result->watch, TD_OK);
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

td_result td_request_image(td_request *request, td_output output, td_image *out)
{
    if (!request || !out)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_request_image: request and out must not be NULL");
    const result_view *view = tdi_request_payload_of(request, &view_class);
    if (!view)
        return tdi_fail(TD_ERROR_ARGUMENT, "this is not the request of a view");
    if (td_request_poll(request) != TD_REQUEST_READY)
        return tdi_fail(TD_ERROR_STATE, "the view is not ready");
    const tdi_result_layout *layout = &view->result->results->layout;
    VkDeviceSize offset = 0;
    *out = (td_image){0};
    TDI_TRY(plane_of(layout, output, &offset, out));
    out->height = view->result->rows;
    out->pixels =
        (const char *)view->result->slot->mapped + view->index * layout->view_bytes + offset;
    return TD_OK;
}
