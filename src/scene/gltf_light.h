/* KHR_lights_punctual: lights, and the nodes that they are at. */
#ifndef TDI_SCENE_GLTF_LIGHT_H
#define TDI_SCENE_GLTF_LIGHT_H

#include "scene/gltf_file.h"

/* After the nodes were read. A scene with lights of its own has no default light. */
td_result tdi_gltf_read_lights(tdi_gltf *gltf);

#endif
