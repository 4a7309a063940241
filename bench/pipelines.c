/* What sharing pipelines spares: a renderer made while none of the device has pipelines yet, beside
 * renderers made while another lives, in turns. No cache on disk is read. */
#include <jansson.h>
#include <stdio.h>

#include <tandem/renderer.h>

#include "gpu/pipeline_store.h"
#include "load.h"

#define ROUNDS 7

typedef struct place {
    td_device *device;
    td_scene *scene;
} place;

static double make_renderer(const place *p, td_renderer **out)
{
    const td_renderer_params params = {.scene = p->scene, .width = 512, .height = 512};
    const double start = load_now();
    load_ok(td_renderer_create(p->device, &params, out), "a renderer");
    return load_now() - start;
}

/* Milliseconds of both. */
static void run_round(const place *p, double *first_ms, double *later_ms)
{
    td_renderer *first, *later;
    tdi_pipeline_store_trim(p->device);
    *first_ms = 1e3 * make_renderer(p, &first);
    *later_ms = 1e3 * make_renderer(p, &later);
    td_renderer_destroy(later);
    td_renderer_destroy(first);
}

static void open_place(place *p)
{
    const td_device_params params = {.no_cache = true};
    load_ok(td_device_create(&params, &p->device), "no device");
    load_ok(td_scene_load("builtin:spheres", NULL, &p->scene), "spheres");
}

static void close_place(const place *p)
{
    td_scene_destroy(p->scene);
    td_device_destroy(p->device);
}

int main(void)
{
    place p;
    double first[ROUNDS], later[ROUNDS], ratios[ROUNDS];
    open_place(&p);
    for (uint32_t r = 0; r < ROUNDS; r++) {
        run_round(&p, &first[r], &later[r]);
        ratios[r] = first[r] / later[r];
    }
    json_t *report =
        json_pack("{s:s, s:s, s:f, s:f, s:f}", "benchmark", "pipelines", "device",
                  p.device->info.name, "first_ms", load_median(first, ROUNDS), "later_ms",
                  load_median(later, ROUNDS), "first_over_later", load_median(ratios, ROUNDS));
    json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(report);
    close_place(&p);
    return 0;
}
