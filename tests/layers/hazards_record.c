#include "hazards_record.h"

#include <stdlib.h>
#include <string.h>

static void *copy_of(const void *data, size_t bytes)
{
    void *copy = malloc(bytes + 1);
    return copy ? memcpy(copy, data, bytes) : NULL;
}

static bool append(hazards_record *record, hazards_item item)
{
    hazards_item *longer =
        realloc(record->items, (record->item_count + 1) * sizeof record->items[0]);
    if (longer)
        record->items = longer;
    if (!longer || !(item.barriers || item.uses)) {
        free(item.barriers);
        free(item.uses);
        return false;
    }
    record->items[record->item_count++] = item;
    return true;
}

bool hazards_record_barriers(hazards_record *record, const hazards_barrier *barriers,
                             uint32_t count)
{
    return append(record, (hazards_item){.barriers = copy_of(barriers, count * sizeof *barriers),
                                         .count = count});
}

bool hazards_record_uses(hazards_record *record, const hazards_use *uses, uint32_t count)
{
    return append(record,
                  (hazards_item){.uses = copy_of(uses, count * sizeof *uses), .count = count});
}

bool hazards_record_again(hazards_record *record, const hazards_record *other)
{
    for (uint32_t i = 0; i < other->item_count; i++) {
        const hazards_item *item = &other->items[i];
        const bool kept = item->uses ? hazards_record_uses(record, item->uses, item->count)
                                     : hazards_record_barriers(record, item->barriers, item->count);
        if (!kept)
            return false;
    }
    return true;
}

void hazards_record_clear(hazards_record *record)
{
    for (uint32_t i = 0; i < record->item_count; i++) {
        free(record->items[i].barriers);
        free(record->items[i].uses);
    }
    free(record->items);
    record->items = NULL;
    record->item_count = 0;
}

void hazards_record_replay(const hazards_record *record, hazards_track *track, uint32_t queue)
{
    for (uint32_t i = 0; i < record->item_count; i++) {
        const hazards_item *item = &record->items[i];
        if (item->uses)
            hazards_apply_uses(track, queue, item->uses, item->count);
        else
            hazards_apply_barriers(track, queue, item->barriers, item->count);
    }
}
