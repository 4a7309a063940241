/* volk's one translation unit; meson.build compiles it with volk's own warnings, not ours. */
#define VOLK_IMPLEMENTATION
#include <volk.h>
