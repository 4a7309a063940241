/* The transfer function of sRGB. */
#ifndef TDI_BASE_COLOR_H
#define TDI_BASE_COLOR_H

/* Linear light of an sRGB value, both from 0 to 1 (IEC 61966-2-1). */
double tdi_srgb_to_linear(double value);

#endif
