/* Synchronisation and access scopes as sets of single stages and accesses (Vulkan 1.3.239, chapter
 * 7.1 "Execution and Memory Dependencies" and 7.1.2 "Pipeline Stages"). */
#ifndef TESTS_LAYERS_HAZARDS_SCOPE_H
#define TESTS_LAYERS_HAZARDS_SCOPE_H

#include <vulkan/vulkan.h>

/* The single stages that a mask names; HOST is only in it where it was named. */
VkPipelineStageFlags2 hazards_source_stages(VkPipelineStageFlags2 mask);
VkPipelineStageFlags2 hazards_destination_stages(VkPipelineStageFlags2 mask);

/* With those that are logically earlier, which a first scope has, or later, which a second one has;
 * that holds for execution, not for access. */
VkPipelineStageFlags2 hazards_and_earlier(VkPipelineStageFlags2 stages);
VkPipelineStageFlags2 hazards_and_later(VkPipelineStageFlags2 stages);

/* The single accesses that a mask names. */
VkAccessFlags2 hazards_accesses(VkAccessFlags2 mask);
/* Those that a single stage can do (table "Supported access types"). */
VkAccessFlags2 hazards_accesses_at(VkPipelineStageFlags2 stage, VkAccessFlags2 mask);

#define HAZARDS_ALL_ACCESS (VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT)

#endif
