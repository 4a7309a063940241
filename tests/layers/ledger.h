/* What a test calls in the layer VK_LAYER_TANDEM_ledger, which keeps the sum of what
 * vkAllocateMemory gave and vkFreeMemory has not taken back, for each device. Imported host pages
 * count as any other allocation.
 *
 *     ledger_read_fn read = ledger_find(vkGetDeviceProcAddr, device->handle);
 *     ledger_sums sums;
 *     read(device->handle, &sums);
 */
#ifndef TESTS_LAYERS_LEDGER_H
#define TESTS_LAYERS_LEDGER_H

#include <stdint.h>

#include <vulkan/vulkan_core.h>

typedef struct ledger_sums {
    uint64_t bytes;
    uint64_t allocations;
    uint64_t peak_bytes; /* since the device was made */
} ledger_sums;

#define LEDGER_READ "vkTandemLedgerRead"
typedef void(VKAPI_PTR *ledger_read_fn)(VkDevice device, ledger_sums *out);

/* NULL where the layer is not loaded. */
static inline ledger_read_fn ledger_find(PFN_vkGetDeviceProcAddr get, VkDevice device)
{
    return (ledger_read_fn)get(device, LEDGER_READ);
}

#endif
