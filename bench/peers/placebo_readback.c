/* What `bench_readback --clear` does, by libplacebo 4: an image of 1920x1080 is cleared and
 * downloaded into a buffer that is mapped, with three of each. Prints frames a second as JSON. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libplacebo/vulkan.h>

#define WIDTH  1920
#define HEIGHT 1080
#define SLOTS  3

typedef struct slot {
    pl_tex texture;
    pl_buf buffer;
} slot;

static void need(const void *made, const char *what)
{
    if (made)
        return;
    fprintf(stderr, "libplacebo makes no %s\n", what);
    exit(77);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void make_slot(pl_gpu gpu, slot *s)
{
    s->texture = pl_tex_create(gpu, pl_tex_params(.w = WIDTH, .h = HEIGHT,
                                                  .format = pl_find_named_fmt(gpu, "rgba8"),
                                                  .blit_dst = true, .host_readable = true));
    need(s->texture, "texture");
    s->buffer = pl_buf_create(gpu, pl_buf_params(.size = WIDTH * HEIGHT * 4, .host_mapped = true,
                                                 .memory_type = PL_BUF_MEM_HOST));
    need(s->buffer, "mapped buffer");
}

static float grey_of(uint32_t frame)
{
    return (float)(frame % 256) / 255.0f;
}

static void start(pl_gpu gpu, const slot *s, float grey)
{
    const float color[4] = {grey, 0.5f, 0.25f, 1.0f};
    pl_tex_clear(gpu, s->texture, color);
    if (!pl_tex_download(gpu, pl_tex_transfer_params(.tex = s->texture, .buf = s->buffer))) {
        fprintf(stderr, "libplacebo cannot download\n");
        exit(1);
    }
    pl_gpu_flush(gpu);
}

static void arrive(pl_gpu gpu, const slot *s, float grey)
{
    while (pl_buf_poll(gpu, s->buffer, UINT64_MAX))
        continue;
    const int seen = s->buffer->data[WIDTH * HEIGHT * 4 - 4], meant = (int)(255 * grey + 0.5f);
    if (seen != meant) {
        fprintf(stderr, "a pixel is %d and not %d\n", seen, meant);
        exit(1);
    }
}

static double run(pl_gpu gpu, const slot *slots, uint32_t frames)
{
    const double begin = now();
    for (uint32_t i = 0; i < frames + SLOTS; i++) {
        if (i >= SLOTS)
            arrive(gpu, &slots[i % SLOTS], grey_of(i - SLOTS));
        if (i < frames)
            start(gpu, &slots[i % SLOTS], grey_of(i));
    }
    return now() - begin;
}

int main(void)
{
    slot slots[SLOTS];
    pl_log log =
        pl_log_create(PL_API_VER, pl_log_params(.log_cb = pl_log_simple, .log_level = PL_LOG_ERR));
    pl_vulkan vulkan = pl_vulkan_create(log, pl_vulkan_params(.allow_software = true));
    need(vulkan, "device");
    for (uint32_t i = 0; i < SLOTS; i++)
        make_slot(vulkan->gpu, &slots[i]);
    (void)run(vulkan->gpu, slots, 10);
    const uint32_t frames = 150;
    printf("{\"frames_s\": %.2f}\n", frames / run(vulkan->gpu, slots, frames));
    for (uint32_t i = 0; i < SLOTS; i++) {
        pl_tex_destroy(vulkan->gpu, &slots[i].texture);
        pl_buf_destroy(vulkan->gpu, &slots[i].buffer);
    }
    pl_vulkan_destroy(&vulkan);
    pl_log_destroy(&log);
    return 0;
}
