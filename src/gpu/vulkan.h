/* Vulkan without prototypes: every call goes through the table of its device or instance. */
#ifndef TDI_GPU_VULKAN_H
#define TDI_GPU_VULKAN_H

#ifndef VK_NO_PROTOTYPES
#define VK_NO_PROTOTYPES
#endif
#include <volk.h>

#include "base/error.h"

/* Turns a VkResult into a td_result with a sentence that names the call; VK_SUCCESS gives TD_OK. */
td_result tdi_vk_check(VkResult result, const char *call);

#define TDI_TRY_VK(call_name, expression) TDI_TRY(tdi_vk_check((expression), call_name))

#endif
