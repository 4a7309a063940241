/** @file
 * All of tandem's public interface.
 */
#ifndef TANDEM_TANDEM_H
#define TANDEM_TANDEM_H

#include <tandem/api.h>
#include <tandem/batch.h>
#include <tandem/budget.h>
#include <tandem/device.h>
#include <tandem/host.h>
#include <tandem/monitor.h>
#include <tandem/renderer.h>
#include <tandem/request.h>
#include <tandem/result.h>
#include <tandem/scene.h>

#endif
