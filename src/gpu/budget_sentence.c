#include "gpu/budget_sentence.h"

#include "base/error.h"
#include "base/text.h"

static const char *const CATEGORY_NAMES[TD_BUDGET_CATEGORY_COUNT] = {
    "geometry", "textures", "targets", "staging", "readback", "transient",
};

const char *td_budget_category_name(td_budget_category category)
{
    if ((int)category < 0 || category >= TD_BUDGET_CATEGORY_COUNT)
        return "unknown";
    return CATEGORY_NAMES[category];
}

static double mib(uint64_t bytes)
{
    return (double)bytes / (double)(1 << 20);
}

/* Text of bounded length, of which what does not fit is dropped. */
typedef struct line {
    char text[640];
    size_t length;
} line;

TD_PRINTF(2, 3)
static void add(line *l, const char *format, ...)
{
    va_list arguments;
    if (l->length >= sizeof l->text)
        return;
    va_start(arguments, format);
    l->length +=
        (size_t)tdi_vsnprintf(l->text + l->length, sizeof l->text - l->length, format, arguments);
    va_end(arguments);
}

/* "12.0 MiB is held (geometry 3.1, slack 8.9), 2.0 MiB is reserved, the limit is 16.0 MiB" */
static void add_sums(line *l, const td_budget_info *info)
{
    uint64_t used = info->used_bytes < info->held_bytes ? info->used_bytes : info->held_bytes;
    add(l, "%.1f MiB is held (", mib(info->held_bytes));
    for (int i = 0; i < TD_BUDGET_CATEGORY_COUNT; i++) {
        if (info->by_category[i])
            add(l, "%s %.1f, ", CATEGORY_NAMES[i], mib(info->by_category[i]));
    }
    add(l, "slack %.1f), ", mib(info->held_bytes - used));
    if (info->reserved_bytes)
        add(l, "%.1f MiB is reserved, ", mib(info->reserved_bytes));
    add(l, "the limit is %.1f MiB", mib(info->limit_bytes));
}

/* "; the largest are wall (textures 12.0), floor (2, textures 6.0)" */
static void add_largest(line *l, const tdi_budget_state *state)
{
    for (uint32_t i = 0; i < state->largest_count; i++) {
        const td_budget_consumer *consumer = &state->largest[i];
        add(l, "%s%s (", i == 0 ? "; the largest are " : ", ", consumer->name);
        if (consumer->count > 1)
            add(l, "%llu, ", (unsigned long long)consumer->count);
        add(l, "%s %.1f)", CATEGORY_NAMES[consumer->category], mib(consumer->bytes));
    }
}

td_result tdi_budget_refuse(const tdi_budget_state *state, uint64_t bytes, const char *what,
                            const char *detail)
{
    line l = {.length = 0};
    add_sums(&l, &state->info);
    add_largest(&l, state);
    return tdi_fail(TD_ERROR_BUDGET,
                    "%s needs %.1f MiB of device memory%s%s%s, and %s; raise the budget",
                    what ? what : "unnamed", mib(bytes), detail ? " (" : "", detail ? detail : "",
                    detail ? ")" : "", l.text);
}

td_result tdi_budget_refuse_category(const tdi_budget_state *state, td_budget_category category,
                                     uint64_t bytes, const char *what)
{
    line l = {.length = 0};
    const td_budget_info *info = &state->info;
    add_largest(&l, state);
    return tdi_fail(TD_ERROR_BUDGET,
                    "%s needs %.1f MiB of device memory for %s, of which %.1f MiB is in use and "
                    "%.1f MiB is reserved, the limit for %s is %.1f MiB%s; raise that limit",
                    what ? what : "unnamed", mib(bytes), CATEGORY_NAMES[category],
                    mib(info->by_category[category]), mib(info->reserved_by[category]),
                    CATEGORY_NAMES[category], mib(info->limit_by[category]), l.text);
}

td_result tdi_budget_refuse_driver(const tdi_budget_state *state, uint64_t bytes, uint64_t left,
                                   const char *what)
{
    line l = {.length = 0};
    add_sums(&l, &state->info);
    add_largest(&l, state);
    return tdi_fail(TD_ERROR_BUDGET,
                    "%s needs %.1f MiB of device memory, and the driver has %.1f MiB left for this "
                    "program; %s; close other programs that use the device",
                    what ? what : "unnamed", mib(bytes), mib(left), l.text);
}

td_result tdi_budget_refuse_limit(const tdi_budget_state *state)
{
    line l = {.length = 0};
    add_sums(&l, &state->info);
    add_largest(&l, state);
    return tdi_fail(TD_ERROR_BUDGET, "%s; give some of it back", l.text);
}

void tdi_budget_excess_text(char *text, size_t capacity, uint64_t limit, uint64_t sum,
                            const char *what)
{
    tdi_snprintf(text, capacity,
                 "the memory budget of %.1f MiB is exceeded: %s brings it to %.1f MiB", mib(limit),
                 what ? what : "unnamed", mib(sum));
}
