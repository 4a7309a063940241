#include "async/svg.h"

#include "base/file.h"
#include "base/memory.h"

/* Okabe and Ito's colours ("Color Universal Design", 2008), which the colour-blind can tell apart,
 * then lighter ones of the same hues. */
static const char *const COLOURS[] = {
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f",
    "#7fb8d8", "#f2cf7f", "#7fcfb9", "#e5bcd3", "#abdaf4", "#eaae7f", "#f7f1a0", "#bfbfbf",
};
#define COLOUR_COUNT (sizeof COLOURS / sizeof COLOURS[0])

const char *tdi_svg_colour(uint32_t index)
{
    return COLOURS[index % COLOUR_COUNT];
}

/* White would vanish on the light ones, and black on the dark ones. */
const char *tdi_svg_ink(uint32_t index)
{
    static const bool DARK[COLOUR_COUNT] = {[0] = true, [2] = true, [5] = true, [7] = true};
    return DARK[index % COLOUR_COUNT] ? "i w" : "i";
}

void tdi_svg_escaped(tdi_text_builder *text, const char *name)
{
    for (const char *at = name; *at; at++) {
        if (*at == '&' || *at == '<' || *at == '>' || *at == '"')
            tdi_text_append(text, "&#%d;", *at);
        else if ((unsigned char)*at >= ' ')
            tdi_text_append_bytes(text, at, 1);
    }
}

void tdi_svg_begin(tdi_text_builder *text, double width, double height, const char *title)
{
    tdi_text_append(text,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                    "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n"
                    "<title>%s</title>\n"
                    "<style>text{font:12px sans-serif;fill:#111827}.q{fill:#4b5563}"
                    ".i{font-size:10px;pointer-events:none}.w{fill:#fff}</style>\n"
                    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                    width, height, width, height, title);
}

td_result tdi_svg_write(tdi_text_builder *text, const char *path, bool replace)
{
    char *picture;
    size_t length;
    tdi_text_append(text, "</svg>\n");
    TDI_TRY(tdi_text_take(text, &picture, &length));
    const tdi_file_writer_params params = {.path = path, .replace = replace};
    const td_result result = tdi_file_write(&params, picture, length);
    tdi_free(picture);
    return result;
}
