#include "gpu/consumers.h"

#include <string.h>

#include "base/text.h"

void tdi_consumers_init(tdi_consumers *consumers)
{
    for (uint32_t i = 0; i < TD_BUDGET_CATEGORY_COUNT; i++) {
        td_budget_consumer *place = &consumers->places[i];
        place->category = (td_budget_category)i;
        tdi_snprintf(place->name, sizeof place->name, "others");
    }
    consumers->fresh = TD_BUDGET_CATEGORY_COUNT;
}

/* The name itself where it is short, else its end in `room`. */
static const char *shortened(const char *name, char room[TD_BUDGET_NAME_CAPACITY])
{
    size_t length = strlen(name);
    if (length < TD_BUDGET_NAME_CAPACITY)
        return name;
    const char *end = name + length - (TD_BUDGET_NAME_CAPACITY - 4);
    while (((unsigned char)*end & 0xc0) == 0x80) /* whole characters only */
        end++;
    tdi_snprintf(room, TD_BUDGET_NAME_CAPACITY, "...%s", end);
    return room;
}

static uint32_t bucket_of(const char *name, td_budget_category category)
{
    uint32_t hash = UINT32_C(2166136261) + (uint32_t)category; /* FNV-1a */
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
    return (hash ^ hash >> 16) % TDI_CONSUMER_BUCKETS;
}

static tdi_consumer find(const tdi_consumers *consumers, uint32_t bucket, const char *name,
                         td_budget_category category)
{
    tdi_consumer at = consumers->buckets[bucket];
    while (at && (consumers->places[at].category != category ||
                  strcmp(consumers->places[at].name, name) != 0))
        at = consumers->next[at];
    return at;
}

/* Whose last charge is gone: its place is kept, since names come again, until places are short. */
static void remove_idle(tdi_consumers *consumers)
{
    for (uint32_t i = 0; i < TDI_CONSUMER_BUCKETS; i++) {
        tdi_consumer *link = &consumers->buckets[i];
        while (*link) {
            tdi_consumer at = *link;
            if (consumers->places[at].count > 0) {
                link = &consumers->next[at];
                continue;
            }
            *link = consumers->next[at];
            consumers->next[at] = consumers->free;
            consumers->free = at;
            consumers->taken--;
        }
    }
}

/* 0 where small things have to do without a place of their own, or there is none left. */
static tdi_consumer take_place(tdi_consumers *consumers, uint64_t bytes)
{
    uint32_t most = bytes < TDI_CONSUMER_SMALL ? TDI_CONSUMER_PLACES / 4 * 3 : TDI_CONSUMER_NAMED;
    if (consumers->taken >= most && consumers->idle > 0) {
        remove_idle(consumers);
        consumers->idle = 0;
    }
    if (consumers->taken >= most)
        return 0;
    tdi_consumer at = consumers->free;
    if (at)
        consumers->free = consumers->next[at];
    else
        at = (tdi_consumer)consumers->fresh++;
    consumers->taken++;
    return at;
}

static tdi_consumer add(tdi_consumers *consumers, uint32_t bucket, const char *name,
                        td_budget_category category, uint64_t bytes)
{
    tdi_consumer at = take_place(consumers, bytes);
    if (!at)
        return (tdi_consumer)category;
    td_budget_consumer *place = &consumers->places[at];
    *place = (td_budget_consumer){.category = category};
    memcpy(place->name, name, strlen(name) + 1);
    consumers->next[at] = consumers->buckets[bucket];
    consumers->buckets[bucket] = at;
    return at;
}

tdi_consumer tdi_consumers_charge(tdi_consumers *consumers, td_budget_category category,
                                  uint64_t bytes, const char *name)
{
    char key[TD_BUDGET_NAME_CAPACITY];
    name = shortened(name ? name : "unnamed", key);
    uint32_t bucket = bucket_of(name, category);
    tdi_consumer at = find(consumers, bucket, name, category);
    if (at)
        consumers->idle -= consumers->places[at].count == 0;
    else
        at = add(consumers, bucket, name, category, bytes);
    consumers->places[at].bytes += bytes;
    consumers->places[at].count++;
    return at;
}

void tdi_consumers_discharge(tdi_consumers *consumers, tdi_consumer consumer, uint64_t bytes)
{
    td_budget_consumer *place = &consumers->places[consumer];
    place->bytes -= bytes;
    place->count--;
    consumers->idle += place->count == 0 && consumer >= TD_BUDGET_CATEGORY_COUNT;
}

static bool comes_before(const td_budget_consumer *a, const td_budget_consumer *b)
{
    return a->bytes != b->bytes ? a->bytes > b->bytes : strcmp(a->name, b->name) < 0;
}

/* Keeps the list sorted; what falls off its end is dropped. */
static void insert(const td_budget_consumer *consumer, td_budget_consumer *list, uint32_t filled,
                   uint32_t capacity)
{
    uint32_t at = filled;
    while (at > 0 && comes_before(consumer, &list[at - 1]))
        at--;
    if (at == capacity)
        return;
    uint32_t moved = (filled < capacity ? filled : capacity - 1) - at;
    memmove(&list[at + 1], &list[at], moved * sizeof list[0]);
    list[at] = *consumer;
}

uint32_t tdi_consumers_largest(const tdi_consumers *consumers, td_budget_consumer *out,
                               uint32_t capacity)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < consumers->fresh; i++) {
        const td_budget_consumer *place = &consumers->places[i];
        if (place->count == 0)
            continue;
        if (capacity > 0)
            insert(place, out, count < capacity ? count : capacity, capacity);
        count++;
    }
    return count;
}
