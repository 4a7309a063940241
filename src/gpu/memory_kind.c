#include "gpu/memory_kind.h"

typedef struct kind_rule {
    VkMemoryPropertyFlags required;
    VkMemoryPropertyFlags preferred;
    VkMemoryPropertyFlags avoided;
} kind_rule;

#define LOCAL    VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define VISIBLE  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
#define CACHED   VK_MEMORY_PROPERTY_HOST_CACHED_BIT

/* Anything else (protected, lazily allocated, uncached on the device, ...) is for special uses. */
#define ORDINARY (LOCAL | VISIBLE | COHERENT | CACHED)

static const kind_rule KIND_RULES[] = {
    [TDI_MEMORY_DEVICE] = {0, LOCAL, VISIBLE},
    [TDI_MEMORY_UPLOAD] = {VISIBLE | COHERENT, 0, LOCAL | CACHED},
    [TDI_MEMORY_READBACK] = {VISIBLE, CACHED, LOCAL},
    [TDI_MEMORY_DYNAMIC] = {VISIBLE | COHERENT, LOCAL, CACHED},
};

/* Higher is better; -1: not possible. A wish weighs more than all that is better avoided. */
static int score(VkMemoryPropertyFlags flags, const kind_rule *rule)
{
    if ((flags & rule->required) != rule->required || (flags & ~(VkFlags)ORDINARY))
        return -1;
    int points = 2 * ((flags & rule->preferred) == rule->preferred);
    points += (flags & rule->avoided) == 0;
    return 2 * points + ((flags & COHERENT) != 0);
}

bool tdi_memory_find_type(const td_device *device, uint32_t bits, tdi_memory_kind kind,
                          uint32_t *out)
{
    int best = -1;
    for (uint32_t i = 0; i < device->memory_properties.memoryTypeCount; i++) {
        if (!(bits & UINT32_C(1) << i))
            continue;
        int points =
            score(device->memory_properties.memoryTypes[i].propertyFlags, &KIND_RULES[kind]);
        if (points > best) {
            best = points;
            *out = i;
        }
    }
    return best >= 0;
}
