#include "scene/residency_plan.h"

static uint64_t bytes_of(const tdi_residency_item *item)
{
    return item->bytes[item->planned];
}

static uint64_t sum_of(const tdi_residency_item *items, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += bytes_of(&items[i]);
    return sum;
}

/* What has more than is needed; the one that nobody has needed for longest. */
static tdi_residency_item *find_surplus(tdi_residency_item *items, uint32_t count)
{
    tdi_residency_item *found = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].planned < items[i].needed &&
            (!found || items[i].last_needed < found->last_needed))
            found = &items[i];
    }
    return found;
}

/* What is not on the device yet gives way to what is. */
static tdi_residency_item *find_newcomer(tdi_residency_item *items, uint32_t count)
{
    tdi_residency_item *found = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const bool keeps = items[i].planned >= items[i].base;
        if (items[i].planned < items[i].tail &&
            (!found ||
             (keeps == (found->planned >= found->base) ? bytes_of(&items[i]) > bytes_of(found)
                                                       : !keeps)))
            found = &items[i];
    }
    return found;
}

/* How many pixels get blurred, and how much already, for each byte that is won. */
static double harm(const tdi_residency_item *item)
{
    const uint64_t won = bytes_of(item) - item->bytes[item->planned + 1];
    const uint32_t lost = item->planned - item->needed;
    return (double)item->weight * (double)(UINT64_C(1) << 2 * lost) / (double)(won > 0 ? won : 1);
}

static tdi_residency_item *find_least_harm(tdi_residency_item *items, uint32_t count)
{
    tdi_residency_item *found = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].planned < items[i].tail && (!found || harm(&items[i]) < harm(found)))
            found = &items[i];
    }
    return found;
}

/* Leaves levels out until the rest fits. False if nothing is left to be left out. */
static bool leave_out(tdi_residency_item *items, uint32_t count, uint64_t available,
                      td_texture_policy policy)
{
    uint64_t sum = sum_of(items, count);
    while (sum > available) {
        tdi_residency_item *item =
            policy == TD_TEXTURES_LRU ? find_newcomer(items, count) : find_least_harm(items, count);
        if (!item)
            return false;
        sum -= bytes_of(item);
        item->planned++;
        sum += bytes_of(item);
    }
    return true;
}

static bool grows(const tdi_residency_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (items[i].planned < items[i].base)
            return true;
    return false;
}

bool tdi_residency_plan(tdi_residency_item *items, uint32_t count, uint64_t available,
                        td_texture_policy policy)
{
    for (uint32_t i = 0; i < count; i++)
        items[i].planned = items[i].base < items[i].needed ? items[i].base : items[i].needed;
    uint64_t sum = sum_of(items, count);
    while (sum > available) {
        tdi_residency_item *item = find_surplus(items, count);
        if (!item)
            break;
        sum -= bytes_of(item);
        item->planned = item->needed;
        sum += bytes_of(item);
    }
    if (sum <= available || !grows(items, count))
        return true;
    if (policy == TD_TEXTURES_LRU || policy == TD_TEXTURES_PRIORITY)
        (void)leave_out(items, count, available, policy);
    return false;
}
