/* Parts of the built-in city: what it is made of, its buildings, and what stands in its streets. */
#ifndef TDI_SCENE_CITY_H
#define TDI_SCENE_CITY_H

#include "scene/stage.h"

/* Facades repeat after so many windows in both directions; a window with its wall is so wide and
 * high (metres). */
#define TDI_CITY_CELLS 8
#define TDI_CITY_CELL  4.0f
/* Shop fronts: height of the ground floor, and fronts in their texture. */
#define TDI_CITY_SHOP_HEIGHT 5.0f
#define TDI_CITY_SHOPS       4

enum { TDI_CITY_STYLES = 10, TDI_CITY_PAINTS = 6 };

/* How high the buildings of a style are, and what they are decorated with. */
typedef struct tdi_city_style {
    uint32_t facade; /* materials */
    uint32_t trim;
    uint32_t roof;
    uint32_t least_floors;
    uint32_t most_floors;
    uint32_t band_every; /* floors between two bands; 0: none */
    bool pillars;
    bool shops;
    bool tank; /* a water tank on the roof */
} tdi_city_style;

typedef struct tdi_city_materials {
    tdi_city_style styles[TDI_CITY_STYLES];
    uint32_t shops;
    uint32_t machinery, beacon, wood;
    uint32_t road, crossing, asphalt, curb, paving, plaza, grass, path, water, base;
    uint32_t car_paint[TDI_CITY_PAINTS];
    uint32_t car_glass, tyre, head_light, tail_light;
    uint32_t metal, lamp, bark, screen;
} tdi_city_materials;

void tdi_city_make_materials(tdi_stage *stage, tdi_city_materials *out);

/* A building that can be put up many times. It stands on the origin. */
typedef struct tdi_city_building {
    uint32_t meshes[6];
    uint32_t mesh_count;
    uint32_t style;
    float width; /* along X */
    float depth; /* along Z */
    float height;
} tdi_city_building;

/* `across` and `deep` are in windows. */
tdi_city_building tdi_city_make_building(tdi_stage *stage, const tdi_city_materials *materials,
                                         uint32_t style, uint32_t across, uint32_t deep,
                                         uint32_t floors, uint32_t seed);

/* Something of several meshes. */
typedef struct tdi_city_prop {
    uint32_t meshes[5];
    uint32_t mesh_count;
} tdi_city_prop;

/* Cars head for -Z. */
tdi_city_prop tdi_city_make_car(tdi_stage *stage, const tdi_city_materials *materials,
                                uint32_t paint);
/* A street lamp whose arm points to +X. */
tdi_city_prop tdi_city_make_lamp(tdi_stage *stage, const tdi_city_materials *materials);
tdi_city_prop tdi_city_make_bench(tdi_stage *stage, const tdi_city_materials *materials);
/* A round basin. */
tdi_city_prop tdi_city_make_fountain(tdi_stage *stage, const tdi_city_materials *materials);

#endif
