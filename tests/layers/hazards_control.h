/* What tests may ask the layer VK_LAYER_TANDEM_hazards for, with vkGetDeviceProcAddr and this name.
 * Without the layer there is no such function. */
#ifndef TESTS_LAYERS_HAZARDS_CONTROL_H
#define TESTS_LAYERS_HAZARDS_CONTROL_H

#include <stdint.h>

#include <vulkan/vulkan.h>

/* How many hazards a device has had. Messages come once for each pair of uses. */
#define HAZARDS_COUNT "vkTandemHazardsCount"
typedef uint64_t(VKAPI_PTR *hazards_count_fn)(VkDevice device);

#endif
