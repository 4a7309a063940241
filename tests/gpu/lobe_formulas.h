/* The lobes of materials by the formulas of glTF's extensions, worked out in double precision. */
#ifndef TESTS_GPU_LOBE_FORMULAS_H
#define TESTS_GPU_LOBE_FORMULAS_H

#include <tandem/scene.h>

typedef struct vector {
    double x, y, z;
} vector;

double dot(vector a, vector b);
vector combine(double s, vector a, double t, vector b); /* s a + t b */
vector unit(vector a);
double mix(double a, double b, double t);

/* A patch of a material, seen along -Z. */
typedef struct patch {
    td_material_params m; /* textures are not looked at */
    double direction[2];  /* of anisotropy, in the tangent plane */
    vector normal, tangent, bitangent;
    double scale; /* of thicknesses to the world */
} patch;

/* The radiance towards the viewer under light from the direction `light`, an irradiance for each
 * colour on what faces it, and the same radiance from everywhere. */
void patch_radiance(const patch *p, vector light, const double color[3], double ambient,
                    double out[3]);

#endif
