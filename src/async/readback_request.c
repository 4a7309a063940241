#include "async/host_buffer.h"
#include "async/request.h"

static td_result fail_null(const char *call, const char *what)
{
    return tdi_fail(TD_ERROR_ARGUMENT, "%s: `%s` is NULL", call, what);
}

/* A slot, or memory of the program's. */
static td_result begin(td_readback *ring, uint32_t parts, td_host_buffer *into, uint64_t timeout_ns,
                       tdi_destination *out)
{
    if (into)
        return tdi_host_buffer_begin(into, ring, timeout_ns, out);
    tdi_readback_slot *slot = NULL;
    TDI_TRY(tdi_readback_begin(ring, parts, timeout_ns, &slot));
    *out = (tdi_destination){
        .lease = &slot->lease,
        .copy = &slot->copy,
        .buffer = slot->buffer,
        .size = slot->size,
        .bytes = slot->mapped,
        .slot = slot,
    };
    return TD_OK;
}

static td_result check_size(const tdi_destination *to, uint64_t bytes)
{
    if (bytes <= to->size)
        return TD_OK;
    return tdi_fail(TD_ERROR_ARGUMENT,
                    "a readback of %llu bytes does not fit the %llu that it is "
                    "to be written to",
                    (unsigned long long)bytes, (unsigned long long)to->size);
}

static td_result submit_copy(td_readback *ring, const tdi_copy_source *source,
                             const tdi_destination *to, td_readback_data data, td_ticket after,
                             td_request **out)
{
    td_ticket ticket;
    TDI_TRY(check_size(to, data.size));
    TDI_TRY(
        tdi_copy_submit(tdi_readback_device(ring), to->copy, source, to->buffer, after, &ticket));
    data.bytes = to->bytes;
    data.copied = to->copied;
    if (to->slot)
        to->slot->arriving = data.size;
    to->lease->parts[0].data = data;
    tdi_readback_count_copy(ring);
    tdi_lease_submitted(to->lease, ticket, out);
    return TD_OK;
}

static td_result copy(td_readback *ring, const tdi_copy_source *source, td_host_buffer *into,
                      td_ticket after, uint64_t timeout_ns, td_request **out)
{
    td_readback_data data;
    tdi_destination to;
    TDI_TRY(tdi_copy_measure(source, &data));
    TDI_TRY(tdi_ticket_check(tdi_readback_device(ring), after));
    TDI_TRY(begin(ring, 1, into, timeout_ns, &to));
    const td_result result = submit_copy(ring, source, &to, data, after, out);
    if (result != TD_OK)
        tdi_lease_abandon(to.lease, (td_ticket){0});
    return result;
}

td_result td_readback_copy_image(td_readback *readback, const td_readback_image *image,
                                 td_host_buffer *into, td_ticket after, uint64_t timeout_ns,
                                 td_request **out)
{
    if (!readback || !image || !out)
        return fail_null("td_readback_copy_image", !readback ? "readback"
                                                   : image   ? "out"
                                                             : "image");
    const tdi_copy_source source = {.image = image};
    return copy(readback, &source, into, after, timeout_ns, out);
}

td_result td_readback_copy_buffer(td_readback *readback, const td_readback_range *range,
                                  td_host_buffer *into, td_ticket after, uint64_t timeout_ns,
                                  td_request **out)
{
    if (!readback || !range || !out)
        return fail_null("td_readback_copy_buffer", !readback ? "readback"
                                                    : range   ? "out"
                                                              : "range");
    const tdi_copy_source source = {.range = range};
    return copy(readback, &source, into, after, timeout_ns, out);
}

td_result td_readback_begin(td_readback *readback, uint32_t parts, td_host_buffer *into,
                            uint64_t timeout_ns, td_readback_target *out)
{
    if (!readback || !out)
        return fail_null("td_readback_begin", readback ? "out" : "readback");
    const uint32_t most = into ? 1 : tdi_readback_parts(readback);
    const uint32_t count = parts ? parts : 1;
    if (count > most)
        return tdi_fail(TD_ERROR_ARGUMENT, "td_readback_begin: %u parts; at most %u", count, most);
    tdi_destination to;
    TDI_TRY(begin(readback, count, into, timeout_ns, &to));
    for (uint32_t i = 0; i < count; i++)
        to.lease->parts[i].data = (td_readback_data){.bytes = to.bytes, .copied = to.copied};
    *out = (td_readback_target){
        .buffer = to.buffer,
        .size = to.size,
        .lease = to.lease,
        .use = atomic_load_explicit(&to.lease->use, memory_order_relaxed),
    };
    return TD_OK;
}

void td_readback_record_barrier(const td_readback *readback, VkCommandBuffer commands,
                                VkPipelineStageFlags2 stages, VkAccessFlags2 access)
{
    if (!readback || !commands)
        (void)fail_null("td_readback_record_barrier", readback ? "commands" : "readback");
    else
        tdi_record_to_host(tdi_readback_device(readback), commands, stages, access);
}

/* What a target stands for, if it is begun. */
static td_result lease_of(const char *call, td_readback *readback, const td_readback_target *target,
                          td_ticket ticket, tdi_lease **out)
{
    if (!readback || !target || !target->lease)
        return fail_null(call, readback ? "target" : "readback");
    TDI_TRY(tdi_ticket_check(tdi_readback_device(readback), ticket));
    tdi_lease *lease = target->lease;
    if (atomic_load_explicit(&lease->use, memory_order_relaxed) != target->use)
        return tdi_fail(TD_ERROR_STATE, "%s: the target was submitted or abandoned already", call);
    *out = lease;
    return TD_OK;
}

static td_readback_part part_at(const tdi_lease *lease, const td_readback_target *target,
                                const td_readback_part *parts, uint32_t index)
{
    const uint64_t share = target->size / lease->part_count;
    return parts ? parts[index] : (td_readback_part){.offset = index * share, .size = share};
}

static td_result check_parts(const tdi_lease *lease, const td_readback_target *target,
                             const td_readback_part *parts)
{
    for (uint32_t i = 0; i < lease->part_count; i++) {
        const td_readback_part part = part_at(lease, target, parts, i);
        if (part.offset > target->size || part.size > target->size - part.offset)
            return tdi_fail(TD_ERROR_ARGUMENT,
                            "td_readback_submitted: part %u (%llu bytes at %llu) is outside of the "
                            "%llu that were handed out",
                            i, (unsigned long long)part.size, (unsigned long long)part.offset,
                            (unsigned long long)target->size);
    }
    return TD_OK;
}

/* Returns the end of what arrives. */
static uint64_t set_parts(tdi_lease *lease, const td_readback_target *target,
                          const td_readback_part *parts)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < lease->part_count; i++) {
        const td_readback_part part = part_at(lease, target, parts, i);
        td_readback_data *data = &lease->parts[i].data;
        data->bytes = (const char *)data->bytes + part.offset;
        data->size = part.size;
        if (end < part.offset + part.size)
            end = part.offset + part.size;
    }
    return end;
}

static td_result fail_claimed(const char *call)
{
    return tdi_fail(TD_ERROR_STATE, "%s: another thread ended this target", call);
}

td_result td_readback_submitted(td_readback *readback, const td_readback_target *target,
                                const td_readback_part *parts, td_ticket ticket,
                                td_request **requests)
{
    tdi_lease *lease = NULL;
    TDI_TRY(lease_of("td_readback_submitted", readback, target, ticket, &lease));
    if (!requests)
        return fail_null("td_readback_submitted", "requests");
    TDI_TRY(check_parts(lease, target, parts));
    if (!tdi_lease_claim(lease, target->use))
        return fail_claimed("td_readback_submitted");
    const uint64_t arriving = set_parts(lease, target, parts);
    tdi_readback_slot *slot = tdi_readback_slot_of(&lease->parts[0]);
    if (slot)
        slot->arriving = arriving;
    tdi_lease_submitted(lease, ticket, requests);
    return TD_OK;
}

td_result td_readback_abandon(td_readback *readback, const td_readback_target *target,
                              td_ticket ticket)
{
    tdi_lease *lease = NULL;
    TDI_TRY(lease_of("td_readback_abandon", readback, target, ticket, &lease));
    if (!tdi_lease_claim(lease, target->use))
        return fail_claimed("td_readback_abandon");
    tdi_lease_abandon(lease, ticket);
    return TD_OK;
}

/* Requests of a renderer's views lend images, not bytes. */
static const tdi_lease_part *readback_part(td_request *request)
{
    const tdi_lease_part *part = tdi_lease_part_of(request);
    const tdi_readback_slot *slot = part ? tdi_readback_slot_of(part) : NULL;
    return slot && tdi_readback_owner(slot->ring) ? NULL : part;
}

td_result td_readback_get_data(td_request *request, td_readback_data *out)
{
    if (!request || !out)
        return fail_null("td_readback_get_data", request ? "out" : "request");
    const tdi_lease_part *part = readback_part(request);
    if (!part)
        return tdi_fail(TD_ERROR_ARGUMENT, "this is not the request of a readback");
    if (td_request_poll(request) != TD_REQUEST_READY)
        return tdi_fail(TD_ERROR_STATE, "the readback is not ready");
    *out = part->data;
    return TD_OK;
}

td_result td_readback_ticket(td_request *request, td_ticket *out)
{
    if (!request || !out)
        return fail_null("td_readback_ticket", request ? "out" : "request");
    const tdi_lease_part *part = readback_part(request);
    if (!part)
        return tdi_fail(TD_ERROR_ARGUMENT, "this is not the request of a readback");
    *out = part->lease->ticket;
    return TD_OK;
}
