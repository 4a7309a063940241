#include "gpu/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#define CACHE_MAGIC     UINT32_C(0x43504454) /* "TDPC" in little endian */
#define CACHE_VERSION   1
#define CACHE_MAX_BYTES (UINT64_C(256) << 20)

/* In front of what Vulkan gave. Drivers trust their own data, so it is handed to them only if every
 * byte is as it was written. */
typedef struct cache_header {
    uint32_t magic;
    uint32_t version;
    uint64_t size;
    uint64_t hash; /* XXH3 of the payload */
} cache_header;

struct tdi_pipeline_cache {
    VkPipelineCache handle;
    char *path; /* NULL: not on disk */
    size_t loaded_bytes;
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

/* One file for each device and driver: another driver's data would only be thrown away. */
static uint64_t identity(const td_device *device)
{
    const VkPhysicalDeviceProperties *p = &device->properties;
    uint32_t numbers[] = {p->vendorID, p->deviceID, p->driverVersion};
    uint8_t bytes[sizeof numbers + VK_UUID_SIZE];
    memcpy(bytes, numbers, sizeof numbers);
    memcpy(bytes + sizeof numbers, p->pipelineCacheUUID, VK_UUID_SIZE);
    return XXH3_64bits(bytes, sizeof bytes);
}

td_result tdi_cache_folder(const char *folder, char **out)
{
    *out = NULL;
    const char *xdg = environment("XDG_CACHE_HOME");
    const char *home = environment("HOME");
    if (!folder)
        folder = environment("TANDEM_CACHE");
    if (folder)
        *out = tdi_strdup(folder);
    else if (xdg && xdg[0] == '/')
        *out = tdi_format("%s/tandem", xdg);
    else if (home)
        *out = tdi_format("%s/.cache/tandem", home);
    else
        return TD_OK;
    return *out ? TD_OK : TD_ERROR_HOST_MEMORY;
}

/* NULL also where there is no folder to keep a cache in. */
static td_result find_path(const td_device *device, const char *folder, char **out)
{
    unsigned long long id = identity(device);
    char *chosen;
    TDI_TRY(tdi_cache_folder(folder, &chosen));
    if (!chosen)
        return TD_OK;
    *out = tdi_format("%s/pipelines-%016llx.bin", chosen, id);
    tdi_free(chosen);
    return *out ? TD_OK : TD_ERROR_HOST_MEMORY;
}

static bool intact(const uint8_t *data, size_t size)
{
    cache_header header;
    if (size < sizeof header)
        return false;
    memcpy(&header, data, sizeof header);
    return header.magic == CACHE_MAGIC && header.version == CACHE_VERSION &&
           header.size == size - sizeof header &&
           header.hash == XXH3_64bits(data + sizeof header, size - sizeof header);
}

/* Whatever is wrong with the file, tandem works without it. */
static uint8_t *read_file(const struct tdi_pipeline_cache *cache, size_t *size)
{
    uint8_t *data = NULL;
    if (!cache->path || tdi_file_read(cache->path, CACHE_MAX_BYTES, &data, size) != TD_OK)
        return NULL;
    if (intact(data, *size))
        return data;
    tdi_log(TD_LOG_INFO, "the pipeline cache %s is damaged and will be replaced", cache->path);
    tdi_free(data);
    return NULL;
}

static td_result create_handle(td_device *device, struct tdi_pipeline_cache *cache)
{
    size_t size = 0;
    uint8_t *data = read_file(cache, &size);
    VkPipelineCacheCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
        .initialDataSize = data ? size - sizeof(cache_header) : 0,
        .pInitialData = data ? data + sizeof(cache_header) : NULL,
    };
    VkResult result = device->vk.vkCreatePipelineCache(device->handle, &info, NULL, &cache->handle);
    tdi_free(data);
    TDI_TRY_VK("vkCreatePipelineCache", result);
    return tdi_vk_check(device->vk.vkGetPipelineCacheData(device->handle, cache->handle,
                                                          &cache->loaded_bytes, NULL),
                        "vkGetPipelineCacheData");
}

td_result tdi_pipeline_cache_create(td_device *device, const char *folder, bool on_disk,
                                    struct tdi_pipeline_cache **out)
{
    struct tdi_pipeline_cache *cache = tdi_alloc_zero(1, sizeof *cache);
    if (!cache)
        return TD_ERROR_HOST_MEMORY;
    td_result result = on_disk ? find_path(device, folder, &cache->path) : TD_OK;
    if (result == TD_OK)
        result = create_handle(device, cache);
    if (result != TD_OK) {
        tdi_pipeline_cache_destroy(device, cache);
        return result;
    }
    *out = cache;
    return TD_OK;
}

/* The file's whole content, or NULL: nothing new, or no memory, or the driver refused. */
static uint8_t *collect(td_device *device, const struct tdi_pipeline_cache *cache, size_t *out_size)
{
    size_t size = 0;
    if (device->vk.vkGetPipelineCacheData(device->handle, cache->handle, &size, NULL) !=
            VK_SUCCESS ||
        size <= cache->loaded_bytes)
        return NULL;
    uint8_t *data = tdi_alloc(sizeof(cache_header) + size);
    if (!data)
        return NULL;
    if (device->vk.vkGetPipelineCacheData(device->handle, cache->handle, &size,
                                          data + sizeof(cache_header)) != VK_SUCCESS) {
        tdi_free(data);
        return NULL;
    }
    cache_header header = {CACHE_MAGIC, CACHE_VERSION, size,
                           XXH3_64bits(data + sizeof header, size)};
    memcpy(data, &header, sizeof header);
    *out_size = sizeof header + size;
    return data;
}

static void write_file(td_device *device, const struct tdi_pipeline_cache *cache)
{
    size_t size = 0;
    uint8_t *data = collect(device, cache, &size);
    if (!data)
        return;
    tdi_file_writer_params params = {.path = cache->path, .replace = true};
    td_result result = tdi_make_folders_for(cache->path);
    if (result == TD_OK)
        result = tdi_file_write(&params, data, size);
    if (result != TD_OK)
        tdi_log(TD_LOG_INFO, "the pipeline cache is not kept: %s", td_last_error());
    tdi_free(data);
}

void tdi_pipeline_cache_destroy(td_device *device, struct tdi_pipeline_cache *cache)
{
    if (!cache)
        return;
    if (cache->handle && cache->path)
        write_file(device, cache);
    if (cache->handle)
        device->vk.vkDestroyPipelineCache(device->handle, cache->handle, NULL);
    tdi_free(cache->path);
    tdi_free(cache);
}

VkPipelineCache tdi_pipeline_cache_handle(const struct tdi_pipeline_cache *cache)
{
    return cache->handle;
}
