#include "hazards_track.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hazards_scope.h"
#include "layer_report.h"

#define MAX_VISIBLE 32
#define MAX_SIGNALS 16

typedef struct scope {
    uint32_t queue;
    VkPipelineStageFlags2 stages;
    VkAccessFlags2 access;
} scope;

typedef struct signal {
    uint64_t sync, value; /* the lowest value that covers the access */
} signal;

struct hazards_access {
    hazards_use use; /* of single stages and accesses */
    uint32_t queue;
    bool host;      /* the host does it, once it has waited */
    bool available; /* of a write */
    bool was_read;  /* so is what follows the reading, which knows what it wrote */
    VkPipelineStageFlags2 after[HAZARDS_MAX_QUEUES];
    scope visible[MAX_VISIBLE];
    uint32_t visible_count;
    signal signals[MAX_SIGNALS];
    uint32_t signal_count;
    hazards_access *following;
};

struct hazards_layout {
    VkImage image;
    VkImageLayout layout;
    hazards_layout *following;
};

static bool covers(VkFlags64 all, VkFlags64 some)
{
    return (some & ~all) == 0;
}

static bool meet(const hazards_range *a, const hazards_range *b)
{
    return a->memory == b->memory && a->begin < b->end && b->begin < a->end;
}

static bool writes(const hazards_access *access)
{
    return access->use.mode != TD_ACCESS_READ;
}

/* ---- the list ---- */

static void drop(hazards_access **link)
{
    hazards_access *gone = *link;
    *link = gone->following;
    free(gone);
}

static void drop_all(hazards_track *track,
                     bool (*over)(const hazards_access *access, uint64_t a, uint64_t b), uint64_t a,
                     uint64_t b)
{
    hazards_access **link = &track->accesses;
    while (*link) {
        if (over(*link, a, b))
            drop(link);
        else
            link = &(*link)->following;
    }
}

static hazards_access *add(hazards_track *track, const hazards_access *like)
{
    hazards_access *added = malloc(sizeof *added);
    if (!added) {
        layer_report(track->device, "TANDEM-hazards", "out of host memory");
        return NULL;
    }
    *added = *like;
    added->following = track->accesses;
    track->accesses = added;
    return added;
}

static bool anything(const hazards_access *access, uint64_t a, uint64_t b)
{
    (void)access;
    (void)a;
    (void)b;
    return true;
}

void hazards_track_destroy(hazards_track *track)
{
    drop_all(track, anything, 0, 0);
    while (track->layouts)
        hazards_forget_image(track, track->layouts->image);
    free(track->told);
}

/* ---- reports ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++) /* FNV-1a, with its prime of 64 bits */
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static bool told_before(hazards_track *track, const char *id, const char *a, const char *b)
{
    const uint64_t pair = hash_text(hash_text(hash_text(UINT64_C(0xcbf29ce484222325), id), a), b);
    for (size_t i = 0; i < track->told_count; i++)
        if (track->told[i] == pair)
            return true;
    uint64_t *longer = realloc(track->told, (track->told_count + 1) * sizeof *longer);
    if (longer) {
        track->told = longer;
        track->told[track->told_count++] = pair;
    }
    return false;
}

static const char *hazard_name(const hazards_access *before, td_access_mode mode)
{
    if (!writes(before))
        return "TANDEM-HAZARD-WRITE-AFTER-READ";
    return mode == TD_ACCESS_READ ? "TANDEM-HAZARD-READ-AFTER-WRITE"
                                  : "TANDEM-HAZARD-WRITE-AFTER-WRITE";
}

static void tell(hazards_track *track, const hazards_access *before, uint32_t queue,
                 const hazards_use *after, const char *why)
{
    const char *id = hazard_name(before, after->mode);
    track->hazards++;
    if (told_before(track, id, before->use.what, after->what))
        return;
    layer_report(track->device, id,
                 "%s (queue %u, stages 0x%llx, access 0x%llx) follows %s (queue %u, stages 0x%llx, "
                 "access 0x%llx) %s",
                 after->what, queue, (unsigned long long)after->stages,
                 (unsigned long long)after->access, before->use.what, before->queue,
                 (unsigned long long)before->use.stages, (unsigned long long)before->use.access,
                 why);
}

/* ---- layouts ---- */

static hazards_layout *find_layout(const hazards_track *track, VkImage image)
{
    hazards_layout *at = track->layouts;
    while (at && at->image != image)
        at = at->following;
    return at;
}

static void set_layout(hazards_track *track, VkImage image, VkImageLayout layout)
{
    hazards_forget_image(track, image);
    hazards_layout *known = malloc(sizeof *known);
    if (!known)
        return;
    *known = (hazards_layout){image, layout, track->layouts};
    track->layouts = known;
}

void hazards_forget_image(hazards_track *track, VkImage image)
{
    hazards_layout **link = &track->layouts;
    while (*link && (*link)->image != image)
        link = &(*link)->following;
    hazards_layout *gone = *link;
    if (gone)
        *link = gone->following;
    free(gone);
}

/* An image whose transitions were not seen may have any layout. */
static void check_layout(hazards_track *track, VkImage image, VkImageLayout layout,
                         const char *what)
{
    const hazards_layout *known = find_layout(track, image);
    if (known && known->layout != layout && !told_before(track, "TANDEM-HAZARD-LAYOUT", what, ""))
        layer_report(track->device, "TANDEM-HAZARD-LAYOUT",
                     "%s is for layout %d, and the image is in %d", what, (int)layout,
                     (int)known->layout);
}

/* ---- scopes ---- */

static void make_visible(hazards_access *access, uint32_t queue, VkPipelineStageFlags2 stages,
                         VkAccessFlags2 to)
{
    for (uint32_t i = 0; i < access->visible_count; i++) {
        scope *known = &access->visible[i];
        if (known->queue == queue && (known->stages == stages || covers(known->access, to))) {
            if (covers(known->stages, stages))
                known->access |= to;
            else if (known->access == to)
                known->stages |= stages;
            else
                continue;
            return;
        }
    }
    if (access->visible_count < MAX_VISIBLE)
        access->visible[access->visible_count++] = (scope){queue, stages, to};
}

static bool is_visible(const hazards_access *access, uint32_t queue, const hazards_use *use)
{
    VkAccessFlags2 seen = 0;
    for (uint32_t i = 0; i < access->visible_count; i++) {
        const scope *known = &access->visible[i];
        if (known->queue == queue && covers(known->stages, use->stages))
            seen |= known->access;
    }
    return covers(seen, use->access);
}

/* It is earlier on the queue, at these stages. What the host does no barrier orders. */
static bool directly_before(const hazards_access *access, uint32_t queue,
                            VkPipelineStageFlags2 stages)
{
    return access->queue == queue && !access->host && covers(stages, access->use.stages);
}

static bool in_first_scope(const hazards_access *access, uint32_t queue,
                           VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 first = hazards_and_earlier(stages);
    return directly_before(access, queue, first) || (access->after[queue] & first);
}

/* `old` is the access as it was before the command: its barriers do not chain to each other. */
static void apply_barrier(const hazards_access *old, hazards_access *access, uint32_t queue,
                          const hazards_barrier *barrier)
{
    const VkPipelineStageFlags2 from = hazards_source_stages(barrier->src_stages);
    const VkPipelineStageFlags2 to = hazards_destination_stages(barrier->dst_stages);
    if (!in_first_scope(old, queue, from))
        return;
    access->after[queue] |= hazards_and_later(to);
    if (!writes(old) || !(barrier->everything || meet(&barrier->range, &old->use.range)))
        return;
    if (directly_before(old, queue, from) &&
        covers(hazards_accesses(barrier->src_access),
               old->use.access & hazards_accesses(VK_ACCESS_2_MEMORY_WRITE_BIT)))
        access->available = true;
    if (access->available)
        make_visible(access, queue, to, hazards_accesses(barrier->dst_access));
}

/* ---- barriers ---- */

static bool is_over(const hazards_access *access, uint64_t range, uint64_t unused)
{
    (void)unused;
    return meet(&access->use.range, (const hazards_range *)(uintptr_t)range);
}

static void apply_transition(hazards_track *track, uint32_t queue, const hazards_barrier *barrier)
{
    const VkPipelineStageFlags2 from = hazards_source_stages(barrier->src_stages);
    hazards_use use = {
        .range = barrier->range,
        .stages = hazards_source_stages(VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT),
        .access = hazards_accesses(barrier->dst_access),
        .mode = TD_ACCESS_WRITE,
    };
    snprintf(use.what, sizeof use.what, "a transition of an image's layout");
    for (const hazards_access *at = track->accesses; at; at = at->following) {
        if (!meet(&at->use.range, &use.range))
            continue;
        if (!in_first_scope(at, queue, from))
            tell(track, at, queue, &use, "without being ordered after it");
        else if (writes(at) && !at->available)
            tell(track, at, queue, &use, "without what it wrote being available");
    }
    drop_all(track, is_over, (uint64_t)(uintptr_t)&use.range, 0);
    hazards_access added = {.use = use, .queue = queue, .available = true};
    const VkPipelineStageFlags2 to = hazards_destination_stages(barrier->dst_stages);
    added.after[queue] = hazards_and_later(to);
    make_visible(&added, queue, to, hazards_accesses(barrier->dst_access));
    add(track, &added);
}

void hazards_apply_barriers(hazards_track *track, uint32_t queue, const hazards_barrier *barriers,
                            uint32_t count)
{
    for (hazards_access *at = track->accesses; at; at = at->following) {
        const hazards_access old = *at;
        for (uint32_t i = 0; i < count; i++)
            apply_barrier(&old, at, queue, &barriers[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!barriers[i].image || barriers[i].from == barriers[i].to)
            continue;
        if (barriers[i].from != VK_IMAGE_LAYOUT_UNDEFINED)
            check_layout(track, barriers[i].image, barriers[i].from, "a transition of an image");
        set_layout(track, barriers[i].image, barriers[i].to);
        apply_transition(track, queue, &barriers[i]);
    }
}

/* ---- uses ---- */

static bool conflict(const hazards_access *before, const hazards_use *after)
{
    if (before->use.mode == after->mode && after->mode != TD_ACCESS_WRITE)
        return false;
    return meet(&before->use.range, &after->range);
}

/* A later write follows a write that was read through the reading, for which execution is enough.
 */
static bool sees(hazards_access *write, uint32_t queue, const hazards_use *use)
{
    const bool whole =
        use->range.begin <= write->use.range.begin && use->range.end >= write->use.range.end;
    if (use->mode == TD_ACCESS_WRITE && write->was_read)
        return true;
    if (!is_visible(write, queue, use))
        return false;
    write->was_read = write->was_read || (whole && use->mode == TD_ACCESS_READ);
    return true;
}

static void check_use(hazards_track *track, uint32_t queue, const hazards_use *use)
{
    for (hazards_access *at = track->accesses; at; at = at->following) {
        if (!conflict(at, use))
            continue;
        if (at->host)
            tell(track, at, queue, use, "without the host having waited for it");
        else if (!covers(at->after[queue], use->stages))
            tell(track, at, queue, use, "without being ordered after it");
        else if (writes(at) && !at->available)
            tell(track, at, queue, use, "without what it wrote being available");
        else if (writes(at) && !sees(at, queue, use))
            tell(track, at, queue, use, "without what it wrote being visible to it");
    }
}

/* What a write leaves of an older access: later accesses that meet it meet the write as well. */
static void cut(hazards_track *track, hazards_access **link, const hazards_range *range)
{
    hazards_access *at = *link;
    hazards_access rest = *at;
    rest.use.range.begin = range->end;
    const bool tail = range->end < at->use.range.end;
    at->use.range.end = range->begin;
    if (at->use.range.end <= at->use.range.begin)
        drop(link);
    if (tail)
        add(track, &rest);
}

static void supersede(hazards_track *track, const hazards_use *use)
{
    hazards_access **link = &track->accesses;
    while (*link) {
        hazards_access *at = *link;
        if (!meet(&at->use.range, &use->range)) {
            link = &at->following;
            continue;
        }
        cut(track, link, &use->range);
        link = &track->accesses;
    }
}

/* Whatever follows the later of two equal accesses of a queue follows the earlier, too. */
static void forget_equal(hazards_track *track, const hazards_access *new)
{
    hazards_access **link = &track->accesses;
    while (*link) {
        const hazards_access *at = *link;
        if (at->queue == new->queue && at->host == new->host && at->use.mode == new->use.mode &&
            at->use.stages == new->use.stages && at->use.access == new->use.access &&
            !memcmp(&at->use.range, &new->use.range, sizeof at->use.range))
            drop(link);
        else
            link = &(*link)->following;
    }
}

static void add_use(hazards_track *track, uint32_t queue, const hazards_use *use)
{
    const hazards_access added = {
        .use = *use, .queue = queue, .host = use->stages == VK_PIPELINE_STAGE_2_HOST_BIT};
    forget_equal(track, &added);
    add(track, &added);
}

/* Calls `visit` for each stage of the use, since a barrier may be for one of them only. */
static void for_each_stage(hazards_track *track, uint32_t queue, const hazards_use *use,
                           void (*visit)(hazards_track *track, uint32_t queue,
                                         const hazards_use *use))
{
    VkPipelineStageFlags2 left = hazards_source_stages(use->stages);
    while (left) {
        hazards_use single = *use;
        single.stages = left & (~left + 1);
        single.access = hazards_accesses_at(single.stages, use->access);
        left &= ~single.stages;
        visit(track, queue, &single);
    }
}

void hazards_apply_uses(hazards_track *track, uint32_t queue, const hazards_use *uses,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for_each_stage(track, queue, &uses[i], check_use);
        if (uses[i].image)
            check_layout(track, uses[i].image, uses[i].layout, uses[i].what);
    }
    for (uint32_t i = 0; i < count; i++)
        if (uses[i].mode == TD_ACCESS_WRITE)
            supersede(track, &uses[i]);
    for (uint32_t i = 0; i < count; i++)
        for_each_stage(track, queue, &uses[i], add_use);
}

/* ---- semaphores and the host ---- */

static const signal *find_signal(const hazards_access *access, uint64_t sync)
{
    for (uint32_t i = 0; i < access->signal_count; i++)
        if (access->signals[i].sync == sync)
            return &access->signals[i];
    return NULL;
}

void hazards_apply_signal(hazards_track *track, uint32_t queue, uint64_t sync, uint64_t value,
                          VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 from = hazards_source_stages(stages);
    for (hazards_access *at = track->accesses; at; at = at->following) {
        const bool host = at->host && at->queue == queue;
        if (!host && !in_first_scope(at, queue, from))
            continue;
        at->available = true;
        if (!find_signal(at, sync) && at->signal_count < MAX_SIGNALS)
            at->signals[at->signal_count++] = (signal){sync, value};
    }
}

void hazards_apply_wait(hazards_track *track, uint32_t queue, uint64_t sync, uint64_t value,
                        VkPipelineStageFlags2 stages)
{
    const VkPipelineStageFlags2 to = hazards_destination_stages(stages);
    for (hazards_access *at = track->accesses; at; at = at->following) {
        const signal *by = find_signal(at, sync);
        if (!by || by->value > value || at->host)
            continue;
        at->after[queue] |= hazards_and_later(to);
        make_visible(at, queue, to, hazards_accesses(HAZARDS_ALL_ACCESS));
    }
}

static bool seen_by_host(const hazards_access *access, uint64_t sync, uint64_t value)
{
    const signal *by = find_signal(access, sync);
    return by && by->value <= value;
}

void hazards_host_saw(hazards_track *track, uint64_t sync, uint64_t value)
{
    drop_all(track, seen_by_host, sync, value);
}

static bool of_queue(const hazards_access *access, uint64_t queue, uint64_t unused)
{
    (void)unused;
    return queue == UINT32_MAX || access->queue == queue || access->after[queue];
}

void hazards_host_saw_idle(hazards_track *track, uint32_t queue)
{
    drop_all(track, of_queue, queue, 0);
}

void hazards_forget_sync(hazards_track *track, uint64_t sync)
{
    for (hazards_access *at = track->accesses; at; at = at->following) {
        signal *by = (signal *)(uintptr_t)find_signal(at, sync);
        if (by)
            *by = at->signals[--at->signal_count];
    }
}

static bool in_memory(const hazards_access *access, uint64_t memory, uint64_t unused)
{
    (void)unused;
    return access->use.range.memory == memory;
}

void hazards_forget_memory(hazards_track *track, uint64_t memory)
{
    drop_all(track, in_memory, memory, 0);
}
