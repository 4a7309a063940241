/* A map from handles to what a layer keeps for them. Safe from any thread; what is kept is not. */
#ifndef TESTS_LAYERS_OBJECT_MAP_H
#define TESTS_LAYERS_OBJECT_MAP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define OBJECT_MAP_SHARDS  16
#define OBJECT_MAP_BUCKETS 64 /* of each shard */

typedef struct object_node {
    struct object_node *following;
    uint64_t handle;
    void *object;
} object_node;

typedef struct object_map {
    pthread_mutex_t mutexes[OBJECT_MAP_SHARDS];
    object_node *buckets[OBJECT_MAP_SHARDS][OBJECT_MAP_BUCKETS];
} object_map;

#define OBJECT_HANDLE(handle) ((uint64_t)(uintptr_t)(handle))

/* In place, of zeroed memory. */
void object_map_init(object_map *map);
/* Frees what is left with free(). */
void object_map_destroy(object_map *map);
/* Takes everything out and hands it to `drop`. */
void object_map_clear(object_map *map, void (*drop)(void *object));

/* Takes the object, in place of one that was kept for the handle and is freed. False, with the
 * object freed, where memory is short. */
bool object_map_put(object_map *map, uint64_t handle, void *object);
/* NULL if there is none. */
void *object_map_find(object_map *map, uint64_t handle);
/* Gives the object back to the caller; NULL if there is none. */
void *object_map_take(object_map *map, uint64_t handle);
/* Takes out every object that `chosen` is true for and hands it to `drop`. */
void object_map_drop(object_map *map, bool (*chosen)(const void *object, uint64_t context),
                     uint64_t context, void (*drop)(void *object));

#endif
