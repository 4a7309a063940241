#include "render/view_tally.h"

#include <string.h>

#include "base/memory.h"

/* A view of which some bands were counted. */
typedef struct begun_view {
    struct tdi_view view;
    uint64_t item;
    uint64_t *bands; /* by number, a bit each */
    bool used;
} begun_view;

struct tdi_view_tally {
    uint64_t count;
    uint32_t words; /* of a view's bits */
    uint32_t next;  /* whose place the next view takes */
    begun_view views[TDI_TALLY_VIEWS];
    uint64_t bits[];
};

td_result tdi_view_tally_create(uint32_t bands, tdi_view_tally **out)
{
    const uint32_t words = (bands + 63) / 64;
    const size_t bits = TDI_TALLY_VIEWS * (size_t)words * sizeof(uint64_t);
    tdi_view_tally *tally = tdi_alloc_zero(1, sizeof *tally + bits);
    if (!tally)
        return TD_ERROR_HOST_MEMORY;
    tally->words = words;
    for (uint32_t i = 0; i < TDI_TALLY_VIEWS; i++)
        tally->views[i].bands = &tally->bits[(size_t)i * words];
    *out = tally;
    return TD_OK;
}

void tdi_view_tally_destroy(tdi_view_tally *tally)
{
    tdi_free(tally);
}

void tdi_view_tally_add(tdi_view_tally *tally, uint32_t views)
{
    tally->count += views;
}

/* The view that was begun and is the same by all that is known. */
static begun_view *find(tdi_view_tally *tally, const struct tdi_view *view, uint64_t item)
{
    for (uint32_t i = 0; i < TDI_TALLY_VIEWS; i++) {
        begun_view *begun = &tally->views[i];
        if (begun->used && begun->item == item && !memcmp(&begun->view, view, sizeof *view))
            return begun;
    }
    return NULL;
}

static begun_view *begin(tdi_view_tally *tally, begun_view *place, const struct tdi_view *view,
                         uint64_t item)
{
    if (!place) {
        place = &tally->views[tally->next];
        tally->next = (tally->next + 1) % TDI_TALLY_VIEWS;
    }
    place->view = *view;
    place->item = item;
    place->used = true;
    memset(place->bands, 0, tally->words * sizeof *place->bands);
    tally->count++;
    return place;
}

void tdi_view_tally_add_band(tdi_view_tally *tally, const struct tdi_view *view, uint64_t item,
                             uint32_t band)
{
    const uint64_t bit = UINT64_C(1) << band % 64;
    begun_view *begun = find(tally, view, item);
    if (!begun || (begun->bands[band / 64] & bit))
        begun = begin(tally, begun, view, item);
    begun->bands[band / 64] |= bit;
}

uint64_t tdi_view_tally_count(const tdi_view_tally *tally)
{
    return tally->count;
}
