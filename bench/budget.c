/* What the budget costs: reserving and releasing beside a bare lock with the same sums, a piece of
 * a block beside the driver's own allocation, and being refused. */
#include <jansson.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "gpu/memory.h"
#include "load.h"

#define ROUNDS 9
#define MIB    (UINT64_C(1) << 20)

/* Of the processor, not of the wall: nothing here waits, and the machine may have other work. */
static double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The least that a ledger could do: one lock each time, and the sums. */
typedef struct plain_ledger {
    pthread_mutex_t mutex;
    uint64_t limit, reserved, by_category[TD_BUDGET_CATEGORY_COUNT];
} plain_ledger;

static bool plain_reserve(plain_ledger *ledger, uint32_t category, uint64_t bytes)
{
    pthread_mutex_lock(&ledger->mutex);
    bool fits = ledger->reserved + bytes <= ledger->limit;
    if (fits) {
        ledger->reserved += bytes;
        ledger->by_category[category] += bytes;
    }
    pthread_mutex_unlock(&ledger->mutex);
    return fits;
}

static void plain_release(plain_ledger *ledger, uint32_t category, uint64_t bytes)
{
    pthread_mutex_lock(&ledger->mutex);
    ledger->reserved -= bytes;
    ledger->by_category[category] -= bytes;
    pthread_mutex_unlock(&ledger->mutex);
}

/* What is measured; each returns the seconds that `count` of them took. */

static plain_ledger ledger = {PTHREAD_MUTEX_INITIALIZER, 1 << 30, 0, {0}};

static double run_plain_ledger(td_device *device, uint32_t count)
{
    (void)device;
    const double start = cpu_now();
    for (uint32_t i = 0; i < count; i++) {
        if (plain_reserve(&ledger, TD_BUDGET_TEXTURES, 4096))
            plain_release(&ledger, TD_BUDGET_TEXTURES, 4096);
    }
    return cpu_now() - start;
}

static double run_reserve(td_device *device, uint32_t count)
{
    td_budget *budget = td_device_budget(device);
    const td_reservation_params params = {
        .name = "a texture", .category = TD_BUDGET_TEXTURES, .bytes = 4096};
    const double start = cpu_now();
    for (uint32_t i = 0; i < count; i++) {
        td_reservation *reservation;
        load_ok(td_budget_reserve(budget, &params, &reservation), "reserve");
        td_reservation_release(reservation);
    }
    return cpu_now() - start;
}

/* Something is held, so that it is looked for what could be given back. */
static double run_refusal(td_device *device, uint32_t count)
{
    td_budget *budget = td_device_budget(device);
    td_reservation_params params = {
        .name = "a texture", .category = TD_BUDGET_TEXTURES, .bytes = MIB};
    td_reservation *held, *refused;
    load_ok(td_budget_reserve(budget, &params, &held), "reserve");
    params.bytes = TD_BUDGET_DEFAULT;
    const double start = cpu_now();
    for (uint32_t i = 0; i < count; i++) {
        if (td_budget_reserve(budget, &params, &refused) != TD_ERROR_BUDGET)
            load_ok(TD_ERROR_STATE, "what does not fit was not refused");
    }
    const double seconds = cpu_now() - start;
    td_reservation_release(held);
    return seconds;
}

static VkMemoryRequirements small_piece(void)
{
    return (VkMemoryRequirements){4096, 256, UINT32_MAX};
}

static double run_piece(td_device *device, uint32_t count)
{
    const VkMemoryRequirements requirements = small_piece();
    const tdi_memory_request request = {
        .requirements = &requirements,
        .kind = TDI_MEMORY_DEVICE,
        .linear = true,
        .category = TD_BUDGET_GEOMETRY,
        .name = "a buffer",
    };
    const double start = cpu_now();
    for (uint32_t i = 0; i < count; i++) {
        tdi_allocation allocation;
        load_ok(tdi_memory_allocate(device, &request, &allocation), "a piece of a block");
        tdi_memory_free(device, &allocation);
    }
    return cpu_now() - start;
}

static double run_plain_allocation(td_device *device, uint32_t count)
{
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = 4096,
    };
    if (!tdi_memory_find_type(device, UINT32_MAX, TDI_MEMORY_DEVICE, &info.memoryTypeIndex))
        load_ok(TD_ERROR_UNSUPPORTED, "memory type");
    const double start = cpu_now();
    for (uint32_t i = 0; i < count; i++) {
        VkDeviceMemory memory;
        load_check(device->vk.vkAllocateMemory(device->handle, &info, NULL, &memory),
                   "vkAllocateMemory");
        device->vk.vkFreeMemory(device->handle, memory, NULL);
    }
    return cpu_now() - start;
}

typedef double (*measured)(td_device *device, uint32_t count);

/* In turns, so that whatever else the machine does meets both. */
static json_t *compare(td_device *device, const char *what, measured tandem, uint32_t tandem_count,
                       const char *baseline, measured plain, uint32_t plain_count)
{
    double tandem_runs[ROUNDS], plain_runs[ROUNDS], ratios[ROUNDS];
    (void)tandem(device, tandem_count);
    (void)plain(device, plain_count);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        plain_runs[i] = plain(device, plain_count) / plain_count * 1e9;
        tandem_runs[i] = tandem(device, tandem_count) / tandem_count * 1e9;
        ratios[i] = tandem_runs[i] / plain_runs[i];
    }
    return json_pack("{s:s, s:s, s:f, s:f, s:f}", "what", what, "baseline", baseline, "tandem_ns",
                     load_median(tandem_runs, ROUNDS), "baseline_ns",
                     load_median(plain_runs, ROUNDS), "tandem_over_baseline",
                     load_median(ratios, ROUNDS));
}

int main(void)
{
    td_device *device;
    td_device_info info;
    const td_device_params params = {.budget_bytes = TD_BUDGET_DEFAULT};
    load_ok(td_device_create(&params, &device), "device");
    td_device_get_info(device, &info);
    json_t *rows = json_array();
    json_array_append_new(rows, compare(device, "reserve and release", run_reserve, 200000,
                                        "two locks with the sums", run_plain_ledger, 200000));
    json_array_append_new(rows,
                          compare(device, "a piece of a block", run_piece, 100000,
                                  "vkAllocateMemory and vkFreeMemory", run_plain_allocation, 2000));
    json_array_append_new(rows,
                          compare(device, "a refusal", run_refusal, 20000,
                                  "vkAllocateMemory and vkFreeMemory", run_plain_allocation, 2000));
    json_t *report =
        json_pack("{s:s, s:s, s:o}", "benchmark", "budget", "device", info.name, "rows", rows);
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    td_device_destroy(device);
    return 0;
}
