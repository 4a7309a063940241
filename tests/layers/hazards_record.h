/* What a command buffer does, kept until it is submitted. */
#ifndef TESTS_LAYERS_HAZARDS_RECORD_H
#define TESTS_LAYERS_HAZARDS_RECORD_H

#include "hazards_track.h"

/* Either the barriers of one command or the uses of one pass. */
typedef struct hazards_item {
    hazards_barrier *barriers;
    hazards_use *uses;
    uint32_t count;
} hazards_item;

typedef struct hazards_record {
    VkCommandPool pool;
    hazards_item *items;
    uint32_t item_count;
} hazards_record;

/* The copies are the record's. False, with nothing kept, where memory is short. */
bool hazards_record_barriers(hazards_record *record, const hazards_barrier *barriers,
                             uint32_t count);
bool hazards_record_uses(hazards_record *record, const hazards_use *uses, uint32_t count);
/* All that `other` does. */
bool hazards_record_again(hazards_record *record, const hazards_record *other);
void hazards_record_clear(hazards_record *record);

void hazards_record_replay(const hazards_record *record, hazards_track *track, uint32_t queue);

#endif
