/** @file
 * All of tandem's public interface. The part that speaks of Vulkan objects comes with it where
 * Vulkan's headers are installed.
 */
#ifndef TANDEM_TANDEM_H
#define TANDEM_TANDEM_H

#include <tandem/api.h>
#include <tandem/batch.h>
#include <tandem/budget.h>
#include <tandem/device.h>
#include <tandem/environment.h>
#include <tandem/host.h>
#include <tandem/host_buffer.h>
#include <tandem/material.h>
#include <tandem/monitor.h>
#include <tandem/renderer.h>
#include <tandem/request.h>
#include <tandem/result.h>
#include <tandem/scene.h>
#include <tandem/scope.h>
#include <tandem/tasks.h>
#include <tandem/upload.h>

#if defined(__has_include)
#if __has_include(<vulkan/vulkan_core.h>)
#include <tandem/graph.h>
#include <tandem/readback.h>
#include <tandem/recorder.h>
#include <tandem/scheduler.h>
#include <tandem/ticket.h>
#include <tandem/vulkan.h>
#endif
#endif

#endif
