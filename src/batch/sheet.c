#include "batch/sheet.h"

#include <string.h>

#include "base/color.h"
#include "base/memory.h"
#include "scene/png.h"

#define MOST_TILES  256
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
    side = side < TDI_SHEET_TILE_SIDE ? side : TDI_SHEET_TILE_SIDE;
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

/* Adds a row of the image to the sums of the tile's row that it belongs to. */
static void add_row(const tdi_sheet *sheet, const td_image *image, uint32_t y, tdi_sheet_part *part)
{
    const uint8_t *pixel = (const uint8_t *)image->pixels + y * image->row_bytes;
    uint32_t column = 0;
    for (uint32_t x = 0; x < sheet->tile_width; x++) {
        const uint32_t end = box_edge(x + 1, sheet->tile_width, image->width);
        for (; column < end; column++, pixel += CHANNELS) {
            const uint32_t weight = pixel[3];
            if (weight == 0)
                continue;
            part->sums[x].alpha += weight;
            for (int i = 0; i < 3; i++)
                part->sums[x].color[i] += (float)weight * sheet->linear[pixel[i]];
        }
    }
}

/* Turns the sums of `rows` rows, `width` pixels wide, into a row of the tile. */
static void finish_row(const tdi_sheet *sheet, const tdi_sheet_part *part, uint32_t width,
                       uint32_t rows, uint8_t *out)
{
    for (uint32_t x = 0; x < sheet->tile_width; x++, out += CHANNELS) {
        const uint32_t columns =
            box_edge(x + 1, sheet->tile_width, width) - box_edge(x, sheet->tile_width, width);
        const uint32_t count = columns * rows;
        const uint32_t alpha = part->sums[x].alpha;
        if (count == 0)
            continue; /* never, as tiles are not larger than images */
        for (int i = 0; i < 3; i++)
            out[i] = alpha > 0 ? linear_to_srgb(sheet, part->sums[x].color[i] / (float)alpha) : 0;
        out[3] = (uint8_t)((alpha + count / 2) / count);
    }
}

void tdi_sheet_add(tdi_sheet *sheet, uint64_t view, const td_image *rows, uint32_t height,
                   tdi_sheet_part *part)
{
    const uint32_t tile = find_tile(sheet, view);
    if (tile == sheet->tiles)
        return;
    const uint32_t left = tile % sheet->columns * sheet->tile_width;
    const uint32_t top = tile / sheet->columns * sheet->tile_height;
    for (uint32_t y = 0; y < rows->height; y++) {
        const uint32_t begin = box_edge(part->tile_row, sheet->tile_height, height);
        const uint32_t end = box_edge(part->tile_row + 1, sheet->tile_height, height);
        add_row(sheet, rows, y, part);
        if (++part->rows < end)
            continue;
        uint8_t *out =
            sheet->pixels + ((size_t)(top + part->tile_row) * sheet->width + left) * CHANNELS;
        finish_row(sheet, part, rows->width, end - begin, out);
        memset(part->sums, 0, sizeof part->sums);
        part->tile_row++;
    }
}

void tdi_sheet_set(tdi_sheet *sheet, uint64_t view, const td_image *image)
{
    tdi_sheet_part part = {0};
    tdi_sheet_add(sheet, view, image, image->height, &part);
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
