/* The shortest way from nothing to an image: a scene made in memory, a device, a renderer, a
 * request. Writes a PPM file.
 *
 *     cc first_image.c $(pkg-config --cflags --libs tandem) -o first_image
 *     ./first_image image.ppm
 */
#include <stdio.h>

#include <tandem/tandem.h>

#define WIDTH  640
#define HEIGHT 480

/* A box on a plate; the plate is a flat box. */
static td_result make_scene(td_scene **scene)
{
    td_result result = td_scene_create(NULL, scene);
    if (result != TD_OK)
        return result;

    td_material_params red;
    td_material_defaults(&red);
    red.base_color[1] = red.base_color[2] = 0.1f;
    red.metallic = 0.0f;
    uint32_t material, box, plate, node;
    const float edge[3] = {1.0f, 1.0f, 1.0f}, flat[3] = {3.0f, 0.1f, 3.0f};
    const float below[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, -0.55f, 0, 1};
    if ((result = td_scene_add_material(*scene, &red, &material)) == TD_OK &&
        (result = td_scene_add_box(*scene, edge, material, &box)) == TD_OK &&
        (result = td_scene_add_box(*scene, flat, TD_NONE, &plate)) == TD_OK) {
        td_node_params top = {.parent = TD_NONE, .mesh = box};
        td_node_params bottom = {.parent = TD_NONE, .mesh = plate, .matrix = below};
        if ((result = td_scene_add_node(*scene, &top, &node)) == TD_OK)
            result = td_scene_add_node(*scene, &bottom, &node);
    }
    return result;
}

static td_result write_ppm(const char *path, const td_image *image)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return TD_ERROR_IO;
    int bad = fprintf(file, "P6\n%u %u\n255\n", image->width, image->height) < 0;
    const unsigned char *pixels = image->pixels;
    for (size_t i = 0; i < (size_t)image->width * image->height; i++)
        bad |= fwrite(pixels + 4 * i, 3, 1, file) != 1;
    bad |= fclose(file) != 0;
    return bad ? TD_ERROR_IO : TD_OK;
}

/* Nothing here waits but td_request_wait; between the two calls the program can do what it likes,
 * such as submitting more views. */
static td_result render(td_renderer *renderer, const td_camera *camera, const char *path)
{
    td_request *request;
    td_result result = td_renderer_submit(renderer, camera, 1, 0, TD_FOREVER, &request);
    if (result != TD_OK)
        return result;
    td_image image;
    if ((result = td_request_wait(request, TD_FOREVER)) == TD_OK &&
        (result = td_request_image(request, TD_OUTPUT_COLOR, &image)) == TD_OK)
        result = write_ppm(path, &image);
    td_request_release(request);
    return result;
}

int main(int argc, char **argv)
{
    td_scene *scene = NULL;
    td_device *device = NULL;
    td_renderer *renderer = NULL;
    td_camera camera;

    td_result result = make_scene(&scene);
    if (result == TD_OK)
        result = td_device_create(NULL, &device);
    td_renderer_params params = {
        .scene = scene,
        .width = WIDTH,
        .height = HEIGHT,
        .background = {0.5f, 0.6f, 0.8f, 1.0f},
    };
    if (result == TD_OK && (result = td_renderer_create(device, &params, &renderer)) == TD_OK &&
        (result = td_scene_orbit_camera(scene, 30.0, 20.0, &camera)) == TD_OK)
        result = render(renderer, &camera, argc > 1 ? argv[1] : "image.ppm");
    if (result != TD_OK)
        (void)fprintf(stderr, "first_image: %s: %s\n", td_result_text(result), td_last_error());

    td_renderer_destroy(renderer);
    td_device_destroy(device);
    td_scene_destroy(scene);
    return result == TD_OK ? 0 : 1;
}
