/* How covered samples get into the visibility words, whatever found them. */
#ifndef WORDS_GLSL
#define WORDS_GLSL

#include "coverage.glsl"
#include "lists.glsl"
#ifdef MASKED
#include "mask.glsl"
#endif

layout(binding = 0, scalar) buffer words_buffer
{
    uint64_t words[];
};
layout(binding = 0, scalar) readonly buffer word_halves_buffer
{
    uvec2 word_halves[];
};

/* Transmissive surfaces have words of their own, after all others, so that what is behind them is
 * known too. */
uint layer_of(uint cluster_instance)
{
    if (LAYERS == 1u)
        return 0u;
    tdi_cluster_instance source =
        cluster_instance_ref(FRAME.cluster_instances).data[cluster_instance];
    uint surface = cluster_ref(FRAME.clusters).data[source.cluster].surface;
    uint flags = surface_ref(FRAME.surfaces).data[surface].flags;
    return (flags & TDI_SURFACE_TRANSMISSIVE) != 0u ? 1u : 0u;
}

/* The tile of a view, and what is the same for all that is drawn into it. */
struct target {
    uint view;
    uint first_word;
    ivec2 low, high; /* pixels, inclusive */
    float depth_min;
};

target make_target(uint view, uint cluster_instance)
{
    target to;
    to.view = view;
    uint block = layer_of(cluster_instance) * FRAME.view_count + view;
    to.first_word = block * FRAME.tile_width * FRAME.tile_height * SAMPLES;
    to.low = ivec2(FRAME.tile_x, FRAME.tile_y);
    to.high = to.low + ivec2(FRAME.tile_width, FRAME.tile_height) - 1;
    to.depth_min = view_ref(FRAME.views).data[view].depth_min;
    return to;
}

uint word_index(target to, ivec2 pixel, uint index)
{
    uvec2 local = uvec2(pixel - to.low);
    return to.first_word + (local.y * FRAME.tile_width + local.x) * SAMPLES + index;
}

/* The upper half of a word only ever falls, so a look at it, even at an old value, may spare what
 * follows but never loses a sample. */
bool may_win(uint at, float depth)
{
    return ~floatBitsToUint(depth) <= word_halves[at].y;
}

void write_word(uint at, uint word, float depth)
{
    atomicMin(words[at], packUint2x32(uvec2(word, ~floatBitsToUint(depth))));
}

/* A sample that the triangle covers. */
#ifdef MASKED
#define COVER(at, word, depth, where)                                                              \
    if (depth >= to.depth_min && may_win(at, depth) && mask_covers(mask, where))                   \
    write_word(at, word, depth)
#define LOAD_MASK(view, word) mask_triangle mask = load_mask(view, word)
#else
#define COVER(at, word, depth, where)                                                              \
    if (depth >= to.depth_min && may_win(at, depth))                                               \
    write_word(at, word, depth)
#define LOAD_MASK(view, word)
#endif

#endif
