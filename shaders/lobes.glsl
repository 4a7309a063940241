/* All lobes that a material can have. */
#ifndef LOBES_GLSL
#define LOBES_GLSL

#include "lobe_clearcoat.glsl"
#include "lobe_dielectric.glsl"
#include "lobe_glossiness.glsl"

struct surface_lobes {
    uint kinds; /* TDI_LOBE_ bits; members of others have no value */
    clearcoat coat;
};

surface_lobes load_lobes(lobe_source from)
{
    surface_lobes lobes;
    lobes.kinds = from.more != TDI_MATERIAL_PLAIN ? LOBE(from).lobes : 0u;
    if (HAS_LOBE(lobes.kinds, TDI_LOBE_CLEARCOAT))
        lobes.coat = load_clearcoat(from);
    return lobes;
}

#endif
