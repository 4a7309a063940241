#include "batch/sheet.h"

#include "base/color.h"
#include "base/memory.h"
#include "scene/png.h"

#define MOST_TILES  256
#define TILE_SIDE   256 /* longer side of a tile, at most */
#define SHEET_WIDTH 2048
#define CHANNELS    4
#define CODES       256

struct tdi_sheet {
    uint64_t views;
    uint32_t tiles;
    uint32_t columns;
    uint32_t tile_width;
    uint32_t tile_height;
    uint32_t width; /* of the whole sheet */
    uint32_t height;
    uint8_t *pixels;
    float linear[CODES]; /* of an sRGB code; IEC 61966-2-1 */
    float above[CODES];  /* linear values from this on round to the next code */
};

static void fill_curves(tdi_sheet *sheet)
{
    for (int code = 0; code < CODES; code++) {
        sheet->linear[code] = (float)tdi_srgb_to_linear(code / 255.0);
        sheet->above[code] = (float)tdi_srgb_to_linear((code + 0.5) / 255.0);
    }
}

static uint8_t linear_to_srgb(const tdi_sheet *sheet, float value)
{
    int low = 0;
    int high = CODES - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (value < sheet->above[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return (uint8_t)low;
}

static uint32_t at_least_one(uint32_t value)
{
    return value == 0 ? 1 : value;
}

/* Tiles shrink with their number, so that a sheet stays a picture that one can look at. */
static void lay_out(tdi_sheet *sheet, uint32_t width, uint32_t height)
{
    sheet->tiles = sheet->views < MOST_TILES ? (uint32_t)sheet->views : MOST_TILES;
    sheet->columns = 1;
    while ((uint64_t)sheet->columns * sheet->columns < sheet->tiles)
        sheet->columns++;
    uint32_t side = SHEET_WIDTH / sheet->columns;
    side = side < TILE_SIDE ? side : TILE_SIDE;
    uint32_t longer = width > height ? width : height;
    side = side < longer ? side : longer;
    sheet->tile_width = at_least_one((uint32_t)((uint64_t)width * side / longer));
    sheet->tile_height = at_least_one((uint32_t)((uint64_t)height * side / longer));
    uint32_t rows = (sheet->tiles + sheet->columns - 1) / sheet->columns;
    sheet->width = sheet->columns * sheet->tile_width;
    sheet->height = rows * sheet->tile_height;
}

td_result tdi_sheet_create(uint64_t views, uint32_t width, uint32_t height, tdi_sheet **out)
{
    *out = NULL;
    tdi_sheet *sheet = tdi_alloc_zero(1, sizeof *sheet);
    if (!sheet)
        return TD_ERROR_HOST_MEMORY;
    sheet->views = views;
    lay_out(sheet, width, height);
    fill_curves(sheet);
    sheet->pixels = tdi_alloc_zero((size_t)sheet->width * sheet->height, CHANNELS);
    if (!sheet->pixels) {
        tdi_free(sheet);
        return TD_ERROR_HOST_MEMORY;
    }
    *out = sheet;
    return TD_OK;
}

void tdi_sheet_destroy(tdi_sheet *sheet)
{
    if (!sheet)
        return;
    tdi_free(sheet->pixels);
    tdi_free(sheet);
}

/* A range of pixels of an image, [x0, x1) by [y0, y1). */
typedef struct pixel_box {
    uint32_t x0, x1, y0, y1;
} pixel_box;

static void average(const tdi_sheet *sheet, const td_image *image, const pixel_box *box,
                    uint8_t *out)
{
    uint32_t count = (box->x1 - box->x0) * (box->y1 - box->y0);
    if (count == 0)
        return; /* never, as tiles are not larger than images */
    float sum[3] = {0, 0, 0};
    uint32_t alpha = 0;
    for (uint32_t y = box->y0; y < box->y1; y++) {
        const uint8_t *pixel =
            (const uint8_t *)image->pixels + y * image->row_bytes + (size_t)box->x0 * CHANNELS;
        for (uint32_t x = box->x0; x < box->x1; x++, pixel += CHANNELS) {
            uint32_t weight = pixel[3];
            if (weight == 0)
                continue;
            alpha += weight;
            for (int i = 0; i < 3; i++)
                sum[i] += (float)weight * sheet->linear[pixel[i]];
        }
    }
    for (int i = 0; i < 3; i++)
        out[i] = alpha > 0 ? linear_to_srgb(sheet, sum[i] / (float)alpha) : 0;
    out[3] = (uint8_t)((alpha + count / 2) / count);
}

/* Where the boxes of tile pixel `i` of `count` begin in an image that is `size` wide. */
static uint32_t box_edge(uint32_t i, uint32_t count, uint32_t size)
{
    return (uint32_t)((uint64_t)i * size / count);
}

/* The tile that shows a view, or `tiles` if none does: tile t shows view t * views / tiles. */
static uint32_t find_tile(const tdi_sheet *sheet, uint64_t view)
{
    uint64_t tile = (view * sheet->tiles + sheet->views - 1) / sheet->views;
    if (tile >= sheet->tiles || tile * sheet->views / sheet->tiles != view)
        return sheet->tiles;
    return (uint32_t)tile;
}

void tdi_sheet_set(tdi_sheet *sheet, uint64_t view, const td_image *image)
{
    uint32_t tile = find_tile(sheet, view);
    if (tile == sheet->tiles)
        return;
    uint32_t left = tile % sheet->columns * sheet->tile_width;
    uint32_t top = tile / sheet->columns * sheet->tile_height;
    for (uint32_t y = 0; y < sheet->tile_height; y++) {
        uint8_t *out = sheet->pixels + ((size_t)(top + y) * sheet->width + left) * CHANNELS;
        for (uint32_t x = 0; x < sheet->tile_width; x++) {
            pixel_box box = {
                .x0 = box_edge(x, sheet->tile_width, image->width),
                .x1 = box_edge(x + 1, sheet->tile_width, image->width),
                .y0 = box_edge(y, sheet->tile_height, image->height),
                .y1 = box_edge(y + 1, sheet->tile_height, image->height),
            };
            average(sheet, image, &box, out + (size_t)x * CHANNELS);
        }
    }
}

td_result tdi_sheet_write(const tdi_sheet *sheet, const tdi_file_writer_params *params)
{
    tdi_png_encoder *encoder;
    TDI_TRY(tdi_png_encoder_create(TDI_PNG_DEFLATE_AUTO, &encoder));
    tdi_png_image image = {
        .pixels = sheet->pixels,
        .width = sheet->width,
        .height = sheet->height,
        .channels = CHANNELS,
        .depth = 8,
        .srgb = true,
    };
    const uint8_t *data;
    size_t size;
    td_result result = tdi_png_encode(encoder, &image, &data, &size);
    if (result == TD_OK)
        result = tdi_file_write(params, data, size);
    tdi_png_encoder_destroy(encoder);
    return result;
}
