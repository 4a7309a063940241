/* All lobes that a material can have. */
#ifndef LOBES_GLSL
#define LOBES_GLSL

#include "lobe_anisotropy.glsl"
#include "lobe_clearcoat.glsl"
#include "lobe_dielectric.glsl"
#include "lobe_glossiness.glsl"
#include "lobe_iridescence.glsl"
#include "lobe_sheen.glsl"
#include "lobe_transmission.glsl"

struct surface_lobes {
    uint kinds; /* TDI_LOBE_ bits; members of others have no value */
    anisotropy brushed;
    iridescence film;
    transmission glass;
    sheen cloth;
    clearcoat coat;
};

#endif
