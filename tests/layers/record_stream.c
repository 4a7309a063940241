#define _GNU_SOURCE /* open_memstream */

#include "record_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

VkResult record_stream_init(record_stream *stream)
{
    return pthread_mutex_init(&stream->mutex, NULL) ? VK_ERROR_OUT_OF_HOST_MEMORY : VK_SUCCESS;
}

void record_stream_destroy(record_stream *stream)
{
    if (stream->file) {
        fclose(stream->file);
        free(stream->text);
    }
    for (size_t i = 0; i < stream->finished_count; i++)
        free(stream->finished[i]);
    free(stream->finished);
    free(stream->objects);
    pthread_mutex_destroy(&stream->mutex);
}

/* Where the tests' own memory ends, so does the test. */
static void *grown(void *block, size_t size)
{
    block = realloc(block, size);
    if (!block)
        abort();
    return block;
}

void record_stream_begin(record_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    stream->section++;
    stream->complete = true;
    memset(stream->counters, 0, sizeof stream->counters);
    stream->file = open_memstream(&stream->text, &stream->size);
    pthread_mutex_unlock(&stream->mutex);
}

record_calls_text record_stream_end(record_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    fclose(stream->file);
    stream->file = NULL;
    const size_t size = (stream->finished_count + 1) * sizeof *stream->finished;
    stream->finished = grown(stream->finished, size);
    stream->finished[stream->finished_count++] = stream->text;
    const record_calls_text text = {stream->text, stream->complete};
    pthread_mutex_unlock(&stream->mutex);
    return text;
}

/* ---- objects ---- */

static record_object *find(record_stream *stream, const char *type, uint64_t handle)
{
    for (size_t i = 0; i < stream->object_count; i++)
        if (stream->objects[i].handle == handle && !strcmp(stream->objects[i].type, type))
            return &stream->objects[i];
    return NULL;
}

record_object *record_track(record_stream *stream, const char *type, uint64_t handle)
{
    record_object *object = find(stream, type, handle);
    if (!object) {
        if (stream->object_count == stream->object_capacity) {
            stream->object_capacity = 2 * stream->object_capacity + 64;
            stream->objects =
                grown(stream->objects, stream->object_capacity * sizeof *stream->objects);
        }
        object = &stream->objects[stream->object_count++];
    }
    *object = (record_object){.type = type, .handle = handle};
    return object;
}

void record_forget(layer_device *device, const char *type, uint64_t handle)
{
    record_stream *stream = device->data;
    pthread_mutex_lock(&stream->mutex);
    record_object *object = find(stream, type, handle);
    if (object)
        *object = stream->objects[--stream->object_count];
    pthread_mutex_unlock(&stream->mutex);
}

static uint32_t next_number(record_stream *stream, const char *type)
{
    record_counter *counter = stream->counters;
    while (counter->type && strcmp(counter->type, type) != 0)
        counter++;
    counter->type = type;
    return counter->count++;
}

static record_object *numbered(record_stream *stream, const char *type, uint64_t handle)
{
    record_object *object = find(stream, type, handle);
    if (!object)
        object = record_track(stream, type, handle);
    if (object->section != stream->section) {
        object->number = next_number(stream, type);
        object->section = stream->section;
        object->has_base = false;
    }
    return object;
}

void record_buffer_size(record_stream *stream, VkBuffer buffer, uint64_t size)
{
    pthread_mutex_lock(&stream->mutex);
    record_track(stream, "VkBuffer", (uint64_t)(uintptr_t)buffer)->size = size;
    pthread_mutex_unlock(&stream->mutex);
}

void record_buffer_address(record_stream *stream, VkBuffer buffer, uint64_t address)
{
    pthread_mutex_lock(&stream->mutex);
    record_object *object = find(stream, "VkBuffer", (uint64_t)(uintptr_t)buffer);
    if (object)
        object->address = address;
    pthread_mutex_unlock(&stream->mutex);
}

static const record_object *buffer_at(const record_stream *stream, uint64_t address)
{
    for (size_t i = 0; i < stream->object_count; i++) {
        const record_object *object = &stream->objects[i];
        if (object->address && address >= object->address &&
            address - object->address < object->size)
            return object;
    }
    return NULL;
}

/* ---- lines ---- */

record_stream *record_line(layer_device *device, const char *call)
{
    record_stream *stream = device->data;
    pthread_mutex_lock(&stream->mutex);
    if (stream->file)
        fputs(call, stream->file);
    return stream;
}

void record_line_end(record_stream *stream)
{
    if (stream->file)
        fputc('\n', stream->file);
    pthread_mutex_unlock(&stream->mutex);
}

void record_u32(record_stream *stream, uint32_t value)
{
    if (stream->file)
        fprintf(stream->file, " %" PRIu32, value);
}

void record_i32(record_stream *stream, int32_t value)
{
    if (stream->file)
        fprintf(stream->file, " %" PRId32, value);
}

void record_u64(record_stream *stream, uint64_t value)
{
    if (stream->file)
        fprintf(stream->file, " %" PRIu64, value);
}

void record_f32(record_stream *stream, float value)
{
    if (stream->file)
        fprintf(stream->file, " %a", (double)value);
}

void record_text(record_stream *stream, const char *text)
{
    if (stream->file)
        fprintf(stream->file, " %s", text);
}

void record_words(record_stream *stream, const void *words, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
        uint32_t word = 0;
        memcpy(&word, (const char *)words + at, size - at < sizeof word ? size - at : sizeof word);
        record_u32(stream, word);
    }
}

void record_handle(record_stream *stream, const char *type, uint64_t handle)
{
    if (!stream->file)
        return;
    if (handle)
        fprintf(stream->file, " %s%" PRIu32, type + strlen("Vk"),
                numbered(stream, type, handle)->number);
    else
        fprintf(stream->file, " %s-", type + strlen("Vk"));
}

void record_push(record_stream *stream, const void *data, uint32_t size)
{
    for (uint32_t at = 0; at < size && stream->file;) {
        uint64_t word = 0;
        const record_object *buffer = NULL;
        if (at % sizeof word == 0 && size - at >= sizeof word) {
            memcpy(&word, (const char *)data + at, sizeof word);
            buffer = buffer_at(stream, word);
        }
        if (buffer) {
            const uint64_t offset = word - buffer->address;
            record_handle(stream, buffer->type, buffer->handle);
            fprintf(stream->file, "+%" PRIu64, offset);
            at += sizeof word;
        } else {
            record_words(stream, (const char *)data + at, sizeof(uint32_t));
            at += sizeof(uint32_t);
        }
    }
}

void record_value(record_stream *stream, VkSemaphore semaphore, uint64_t value)
{
    if (!stream->file || !semaphore)
        return;
    record_object *object = numbered(stream, "VkSemaphore", (uint64_t)(uintptr_t)semaphore);
    if (!object->timeline)
        return;
    if (!object->has_base) {
        object->has_base = true;
        object->base = value;
    }
    fprintf(stream->file, "@%+" PRId64, (int64_t)(value - object->base));
}

void record_no_chain(record_stream *stream, const void *next)
{
    if (!next || !stream->file)
        return;
    fprintf(stream->file, " chain:%d", (int)((const VkBaseInStructure *)next)->sType);
    stream->complete = false;
}
