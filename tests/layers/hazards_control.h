/* What tests may ask the layer VK_LAYER_TANDEM_hazards for, with vkGetDeviceProcAddr and these
 * names. Without the layer there are no such functions. */
#ifndef TESTS_LAYERS_HAZARDS_CONTROL_H
#define TESTS_LAYERS_HAZARDS_CONTROL_H

#include <stdint.h>

#include <vulkan/vulkan.h>

/* How many hazards a device has had. Messages come once for each pair of uses. */
#define HAZARDS_COUNT "vkTandemHazardsCount"
typedef uint64_t(VKAPI_PTR *hazards_count_fn)(VkDevice device);

/* While `held`, what the host sees to be over does not count: whether it sees it in time is chance.
 * The end of it comes when the device is idle. */
#define HAZARDS_HOLD "vkTandemHazardsHold"
typedef void(VKAPI_PTR *hazards_hold_fn)(VkDevice device, VkBool32 held);

#endif
