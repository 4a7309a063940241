/* What the process runs out of, and forks: descriptors, address space; in each case a code and a
 * sentence, everything else goes on, and the same view has the same bytes before, during and after.
 */
#define _XOPEN_SOURCE 700

#include "scene_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tandem/tasks.h>
#include <tandem/ticket.h>

#define SIDE         24
#define LITTLE       (4 << 20) /* bytes of address space beside what is in use */
#define CHILD_STATUS 7

typedef struct fixture {
    td_device *device;
    td_scene *scene;
    td_renderer *renderer;
    uint64_t hash; /* of the view */
} fixture;

static uint64_t hash_of(td_request *request)
{
    scene_picture picture = scene_take(request);
    const uint64_t hash = scene_hash(&picture);
    scene_picture_free(&picture);
    return hash;
}

static td_request *submit(const fixture *f)
{
    const td_camera camera = scene_rich_camera(1);
    td_request *request;
    scene_submit(f->renderer, &camera, 1, &request);
    return request;
}

static fixture start(td_device *device)
{
    fixture f = {.device = device, .scene = scene_rich(1)};
    const td_renderer_params params = scene_renderer_params(f.scene, SIDE, SIDE);
    f.renderer = scene_renderer(device, &params);
    f.hash = hash_of(submit(&f));
    return f;
}

/* What was submitted before the trouble, and what comes after it. */
static void stop(fixture *f, td_request *under_way)
{
    if (under_way)
        assert_true(hash_of(under_way) == f->hash);
    assert_true(hash_of(submit(f)) == f->hash);
    td_renderer_destroy(f->renderer);
    td_scene_destroy(f->scene);
}

static void assert_says(const char *part)
{
    if (!strstr(td_last_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", td_last_error(), part);
}

/* No number is free below the limit. */
static struct rlimit use_up_descriptors(void)
{
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = dup(STDERR_FILENO); /* the lowest that is free */
    assert_true(next >= 0);
    assert_int_equal(close(next), 0);
    now = before;
    now.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

static void without_a_descriptor_all_else_goes_on(td_device *device)
{
    fixture f = start(device);
    td_request *request = submit(&f);
    td_completion_queue *queue = NULL;
    td_completion got;
    uint32_t index, count;
    int fd = -1;
    td_completion_queue *before;
    gpu_ok(td_completion_queue_create(&before));
    const struct rlimit limit = use_up_descriptors();
    const td_result no_queue = td_completion_queue_create(&queue);
    assert_says("a file descriptor for an event could not be made");
    const td_result no_descriptor = td_request_descriptor(request, &fd);
    assert_says("close files or raise the limit of open files");
    td_request *second = submit(&f);
    gpu_ok(td_completion_queue_watch(before, second, 5));
    gpu_ok(td_request_wait_any(&request, 1, SCENE_LIMIT_NS, &index));
    gpu_ok(td_completion_queue_take(before, &got, 1, SCENE_LIMIT_NS, &count));
    td_request_release(got.request);
    const uint64_t during = hash_of(second);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(no_queue, TD_ERROR_SYSTEM);
    assert_int_equal(no_descriptor, TD_ERROR_SYSTEM);
    assert_null(queue);
    assert_int_equal(fd, -1);
    assert_true(during == f.hash);
    gpu_ok(td_request_descriptor(request, &fd));
    assert_true(fd >= 0);
    td_completion_queue_destroy(before);
    stop(&f, request);
}

static uint64_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static td_result run_nothing(void *user, uint64_t id, uint32_t worker, void **output)
{
    (void)user;
    (void)id;
    (void)worker;
    (void)output;
    return TD_OK;
}

/* Blocks that fill what the C library has left, each with a pointer to the one before. It keeps
 * small blocks by their size, in steps of 16 bytes. */
static void *use_up_memory(void)
{
    void *last = NULL;
    for (size_t size = 1 << 20; size >= 16; size -= size > 1024 ? size / 2 : 16) {
        for (void **block = malloc(size); block; block = malloc(size)) {
            *block = last;
            last = block;
        }
    }
    return last;
}

static void free_blocks(void *last)
{
    while (last) {
        void *before = *(void **)last;
        free(last);
        last = before;
    }
}

static void without_address_space_there_is_a_sentence(td_device *device)
{
    fixture f = start(device);
    struct rlimit limit;
    td_tasks *tasks = NULL;
    td_request *request = NULL;
    td_completion_queue *queue = NULL;
    const td_tasks_params many = {.run = run_nothing, .workers = 64};
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    const struct rlimit little = {address_space() + LITTLE, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    const td_result no_tasks = td_tasks_create(&many, &tasks);
    void *blocks = use_up_memory();
    const td_result no_queue = td_completion_queue_create(&queue);
    const td_result no_request = td_ticket_request(device, (td_ticket){0}, &request);
    free_blocks(blocks);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(no_tasks, TD_ERROR_SYSTEM);
    assert_int_equal(no_queue, TD_ERROR_HOST_MEMORY);
    assert_int_equal(no_request, TD_ERROR_HOST_MEMORY);
    assert_says("out of host memory");
    assert_true(!tasks && !queue && !request);
    stop(&f, NULL);
}

static void assert_child_ends_with(pid_t child, int expected)
{
    int status;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

/* What a child may do: end, or become another program, which sees none of the descriptors. */
static void the_parent_of_a_child_goes_on(td_device *device)
{
    fixture f = start(device);
    td_request *request = submit(&f);
    td_completion_queue *queue;
    char script[64];
    int fd;
    gpu_ok(td_completion_queue_create(&queue));
    gpu_ok(td_completion_queue_watch(queue, request, 0));
    gpu_ok(td_request_descriptor(request, &fd));
    (void)snprintf(script, sizeof script, "test ! -e /proc/self/fd/%d -a ! -e /proc/self/fd/%d", fd,
                   td_completion_queue_descriptor(queue));
    const pid_t ends = fork();
    if (ends == 0)
        _exit(CHILD_STATUS);
    const pid_t becomes = fork();
    if (becomes == 0) {
        (void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(CHILD_STATUS);
    }
    assert_child_ends_with(ends, CHILD_STATUS);
    assert_child_ends_with(becomes, 0);
    td_completion_queue_destroy(queue);
    stop(&f, request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        gpu_test(without_a_descriptor_all_else_goes_on),
        gpu_test(without_address_space_there_is_a_sentence),
        gpu_test(the_parent_of_a_child_goes_on),
    };
    return gpu_run_tests(tests);
}
