#include "object_map.h"

#include <stdlib.h>

typedef struct place {
    pthread_mutex_t *mutex;
    object_node **first;
} place;

static place place_of(object_map *map, uint64_t handle)
{
    /* Handles are mostly addresses, of which the low bits are zero; the multiplier is 2^64 over the
     * golden ratio. */
    const uint64_t mixed = handle * UINT64_C(0x9e3779b97f4a7c15);
    const uint32_t shard = (uint32_t)(mixed >> 60) % OBJECT_MAP_SHARDS;
    return (place){&map->mutexes[shard], &map->buckets[shard][(mixed >> 40) % OBJECT_MAP_BUCKETS]};
}

void object_map_init(object_map *map)
{
    for (int i = 0; i < OBJECT_MAP_SHARDS; i++)
        pthread_mutex_init(&map->mutexes[i], NULL);
}

static bool any(const void *object, uint64_t context)
{
    (void)object;
    (void)context;
    return true;
}

void object_map_clear(object_map *map, void (*drop)(void *object))
{
    object_map_drop(map, any, 0, drop);
}

void object_map_destroy(object_map *map)
{
    object_map_clear(map, free);
    for (int i = 0; i < OBJECT_MAP_SHARDS; i++)
        pthread_mutex_destroy(&map->mutexes[i]);
}

bool object_map_put(object_map *map, uint64_t handle, void *object)
{
    object_node *node = malloc(sizeof *node);
    if (!node) {
        free(object);
        return false;
    }
    free(object_map_take(map, handle));
    const place at = place_of(map, handle);
    pthread_mutex_lock(at.mutex);
    *node = (object_node){.following = *at.first, .handle = handle, .object = object};
    *at.first = node;
    pthread_mutex_unlock(at.mutex);
    return true;
}

void *object_map_find(object_map *map, uint64_t handle)
{
    const place at = place_of(map, handle);
    pthread_mutex_lock(at.mutex);
    const object_node *node = *at.first;
    while (node && node->handle != handle)
        node = node->following;
    void *object = node ? node->object : NULL;
    pthread_mutex_unlock(at.mutex);
    return object;
}

void *object_map_take(object_map *map, uint64_t handle)
{
    const place at = place_of(map, handle);
    void *object = NULL;
    pthread_mutex_lock(at.mutex);
    object_node **link = at.first;
    while (*link && (*link)->handle != handle)
        link = &(*link)->following;
    object_node *node = *link;
    if (node) {
        object = node->object;
        *link = node->following;
    }
    pthread_mutex_unlock(at.mutex);
    free(node);
    return object;
}

static void drop_chain(object_node **link, bool (*chosen)(const void *object, uint64_t context),
                       uint64_t context, void (*drop)(void *object))
{
    while (*link) {
        object_node *node = *link;
        if (!chosen(node->object, context)) {
            link = &node->following;
            continue;
        }
        *link = node->following;
        drop(node->object);
        free(node);
    }
}

void object_map_drop(object_map *map, bool (*chosen)(const void *object, uint64_t context),
                     uint64_t context, void (*drop)(void *object))
{
    for (int i = 0; i < OBJECT_MAP_SHARDS; i++) {
        pthread_mutex_lock(&map->mutexes[i]);
        for (int j = 0; j < OBJECT_MAP_BUCKETS; j++)
            drop_chain(&map->buckets[i][j], chosen, context, drop);
        pthread_mutex_unlock(&map->mutexes[i]);
    }
}
