/* What tests may ask the layer VK_LAYER_TANDEM_split_queues for, with vkGetDeviceProcAddr and these
 * names. Without the layer there are no such functions. */
#ifndef TESTS_LAYERS_SPLIT_CONTROL_H
#define TESTS_LAYERS_SPLIT_CONTROL_H

#include <stdint.h>

#include <vulkan/vulkan.h>

/* Also in the environment, for every device made from then on; `inorder` without it. */
#define SPLIT_SCHEDULE_VARIABLE "TANDEM_SPLIT_SCHEDULE"

/* Changes the order of what is submitted from now on; texts as in schedule.h. Queues are empty and
 * at rest when it returns. VK_ERROR_FORMAT_NOT_SUPPORTED for another text. */
#define SPLIT_SET_SCHEDULE "vkTandemSplitSetSchedule"
typedef VkResult(VKAPI_PTR *split_set_schedule_fn)(VkDevice device, const char *schedule);

/* How many errors the layer has reported, of all devices. */
#define SPLIT_REPORT_COUNT "vkTandemSplitReportCount"
typedef uint64_t(VKAPI_PTR *split_report_count_fn)(VkDevice device);

/* Every byte of memory that nobody has written, or whose content was given up. */
#define SPLIT_POISON UINT8_C(0xc7)

#endif
