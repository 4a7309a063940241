/* What the pictures of timelines and graphs have in common. */
#ifndef TDI_ASYNC_SVG_H
#define TDI_ASYNC_SVG_H

#include "base/text.h"

/* Colours for things that are told apart, from 0 on; they repeat after 16. */
const char *tdi_svg_colour(uint32_t index);
/* Classes of a text that is to be read on that colour. */
const char *tdi_svg_ink(uint32_t index);

/* A name, whatever is in it. */
void tdi_svg_escaped(tdi_text_builder *text, const char *name);

/* The head of a picture: size in pixels, styles and a white ground. Class "q" is quiet text, "i"
 * that inside a box. */
void tdi_svg_begin(tdi_text_builder *text, double width, double height, const char *title);
/* Ends the picture and writes it, complete or not at all; empties the text. */
td_result tdi_svg_write(tdi_text_builder *text, const char *path, bool replace);

#endif
