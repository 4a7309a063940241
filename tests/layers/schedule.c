#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_HOLD_MS 20

/* The text after `prefix`, or NULL. */
static const char *after(const char *text, const char *prefix)
{
    const size_t length = strlen(prefix);
    return strncmp(text, prefix, length) ? NULL : text + length;
}

static bool read_number(const char **text, uint64_t *out)
{
    char *end = NULL;
    if (**text < '0' || **text > '9')
        return false;
    *out = strtoull(*text, &end, 10);
    *text = end;
    return true;
}

static bool read_adversary(const char *text, schedule *out)
{
    uint64_t family = SCHEDULE_NO_FAMILY, hold_ms = DEFAULT_HOLD_MS;
    if (*text == ':') {
        text++;
        if (*text != ':' && !read_number(&text, &family))
            return false;
    }
    if (*text == ':') {
        text++;
        if (!read_number(&text, &hold_ms))
            return false;
    }
    *out = (schedule){
        .kind = SCHEDULE_ADVERSARIAL, .starved = (uint32_t)family, .hold_ns = hold_ms * 1000000};
    return *text == '\0';
}

bool schedule_parse(const char *text, schedule *out)
{
    const char *rest = after(text, "adversarial");
    if (rest)
        return read_adversary(rest, out);
    rest = after(text, "seed:");
    *out = (schedule){.kind = rest ? SCHEDULE_SEED : SCHEDULE_INORDER};
    if (rest)
        return read_number(&rest, &out->seed) && *rest == '\0';
    return strcmp(text, "inorder") == 0;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
 * 2014). */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

uint64_t schedule_delay_ns(const schedule *order, uint32_t family, uint64_t ordinal)
{
    const uint64_t drawn = mix(mix(mix(order->seed) + family) + ordinal);
    return drawn & 1 ? (drawn >> 1) % (SCHEDULE_LONGEST_DELAY_NS + 1) : 0;
}
