#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_nonuniform_qualifier : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_vote : require
#include "lighting.glsl"
#include "point.glsl"
#include "samples.glsl"
#include "tonemap.glsl"

/* Words become the outputs: one invocation a pixel, each distinct triangle among its samples is
 * shaded once, at the centroid of the samples that it covers. */

layout(constant_id = 1) const uint ROWS = 8;    /* of a workgroup; it covers 8x8 pixels */
layout(constant_id = 3) const uint OUTPUTS = 1; /* td_output bits */
layout(local_size_x = 8, local_size_y_id = 1) in;
layout(binding = 0, scalar) readonly buffer words_buffer
{
    uvec2 words[];
};
#ifdef FOOTPRINT
/* Which mip levels shading samples is noted, by slot of the bindless array, and nothing else. */
layout(binding = 1, scalar) buffer levels_buffer
{
    uint lowest_level[];
};
const float ROUNDING = 0.001; /* levels that the arithmetic of both variants may differ by */

void note_level(uint texture, float level)
{
    float sure = level - ROUNDING;
    uint whole = sure > 0.0 ? uint(min(sure, 31.0)) : 0u;
    if (lowest_level[texture] > whole)
        atomicMin(lowest_level[texture], whole);
}
#else
layout(binding = 1, scalar) writeonly buffer result_buffer
{
    uint result[];
};
#endif

const uint OUTPUT_COLOR = 1u, OUTPUT_DEPTH = 2u, OUTPUT_OBJECT = 4u;
const uint NOTHING = 0xFFFFFFFFu;

/* What is the same for all pixels of a view, fetched once. */
struct context {
    mat4 clip;
    vec3 eye; /* where the viewer is; orthographic: the direction to there */
    bool orthographic;
    vec3 light_direction, light_color;
    material_ref materials;
    vec2_ref texcoords0, texcoords1;
    float exposure;
    uint tonemap;
    vec4 background;
#ifdef ENVIRONMENT
    bool sky_behind;
#endif
};

context make_context(uint view)
{
    view_ref views = view_ref(FRAME.views);
    context c;
    c.clip = load_clip(view);
    c.orthographic = (views.data[view].flags & TDI_VIEW_ORTHOGRAPHIC) != 0u;
    uint column = c.orthographic ? 2u : 3u;
    c.eye = vec3(views.data[view].world[column], views.data[view].world[4u + column],
                 views.data[view].world[8u + column]);
    c.light_direction =
        vec3(FRAME.light_direction[0], FRAME.light_direction[1], FRAME.light_direction[2]);
    c.light_color = vec3(FRAME.light_color[0], FRAME.light_color[1], FRAME.light_color[2]);
    c.materials = material_ref(FRAME.materials);
    c.texcoords0 = vec2_ref(FRAME.texcoords0);
    c.texcoords1 = vec2_ref(FRAME.texcoords1);
    c.exposure = FRAME.exposure;
    c.tonemap = FRAME.tonemap;
    c.background =
        vec4(FRAME.background[0], FRAME.background[1], FRAME.background[2], FRAME.background[3]);
#ifdef ENVIRONMENT
    c.sky_behind = FRAME.sky_behind != 0u;
#endif
    return c;
}

#define MATERIAL c.materials.data[m]

vec3 shade_with(context c, surface_point p, place at, corners k, uint m)
{
    texcoord set0 = interpolate_texcoord(c.texcoords0, at.first_texcoord0, k.vertices, p.w);
    texcoord set1 = interpolate_texcoord(c.texcoords1, at.first_texcoord1, k.vertices, p.w);
    vec3 base_color = vec3(MATERIAL.base_color[0], MATERIAL.base_color[1], MATERIAL.base_color[2]);
    tdi_texture_ref use = MATERIAL.base_color_texture;
    if (use.texture != TDI_TEXTURE_NONE)
        base_color *= sample_texture(use, set0, set1).rgb;
    if (at.first_color != TDI_SURFACE_NO_STREAM)
        base_color *= p.w.at.x * fetch_color(at.first_color + k.vertices.x).rgb +
                      p.w.at.y * fetch_color(at.first_color + k.vertices.y).rgb +
                      p.w.at.z * fetch_color(at.first_color + k.vertices.z).rgb;
    if ((at.flags & TDI_SURFACE_UNLIT) != 0u)
        return base_color;
    surface_light s;
    float metallic = MATERIAL.metallic;
    s.roughness = MATERIAL.roughness;
    s.occlusion = 1.0;
    use = MATERIAL.metallic_roughness_texture;
    if (use.texture != TDI_TEXTURE_NONE) {
        vec4 t = sample_texture(use, set0, set1);
        s.roughness *= t.g;
        metallic *= t.b;
        if ((MATERIAL.flags & TDI_MATERIAL_OCCLUSION_IN_MR) != 0u)
            s.occlusion += MATERIAL.occlusion_strength * (t.r - 1.0);
    }
    use = MATERIAL.occlusion_texture;
    if (use.texture != TDI_TEXTURE_NONE)
        s.occlusion += MATERIAL.occlusion_strength * (sample_texture(use, set0, set1).r - 1.0);
    s.emissive = vec3(MATERIAL.emissive[0], MATERIAL.emissive[1], MATERIAL.emissive[2]);
    use = MATERIAL.emissive_texture;
    if (use.texture != TDI_TEXTURE_NONE)
        s.emissive *= sample_texture(use, set0, set1).rgb;
    set_base(s, base_color, metallic);
    s.view = normalize(c.orthographic ? c.eye : c.eye - p.position);
    s.normal = p.normal;
    use = MATERIAL.normal_texture;
    if (use.texture != TDI_TEXTURE_NONE) {
        vec3 direction = sample_texture(use, set0, set1).xyz * 2.0 - 1.0;
        direction.xy *= MATERIAL.normal_scale;
        s.normal = bend_normal(p, at, k, direction, select_texcoord(use, set0, set1));
    }
    bool behind = dot(cross(p.edge1, p.edge2), s.view) < 0.0;
    bool reversed = (at.flags & TDI_SURFACE_DOUBLE_SIDED) != 0u && behind != at.mirrored;
    if (reversed)
        s.normal = -s.normal;
#ifdef LOBES
    set_lobes(s, lobe_source(MATERIAL.more, set0, set1, p, at, k, reversed ? -1.0 : 1.0, s.view,
                             base_color, metallic));
#endif
    return light_surface(s, p.position, c.light_direction, c.light_color);
}

vec3 shade(context c, uint word, vec2 pixel)
{
    /* Neighbours mostly share a cluster, often a triangle: then one fetch serves all of them. */
    uint index = word >> 7;
    uint first = subgroupBroadcastFirst(index);
    place at;
    if (subgroupAll(index == first))
        at = load_place(first);
    else
        at = load_place(index);
    uint first_word = subgroupBroadcastFirst(word);
    corners k;
    if (subgroupAll(word == first_word))
        k = load_corners(subgroupBroadcastFirst(at.first_triangle) + (first_word & 127u),
                         subgroupBroadcastFirst(at.first_vertex));
    else
        k = load_corners(at.first_triangle + (word & 127u), at.first_vertex);
    surface_point p = locate(c.clip, at, k, pixel);
    vec3 radiance = vec3(0.0);
    /* One material at a time, so that its textures are the same for all who sample. */
    while (true) {
        uint material = subgroupBroadcastFirst(at.material);
        if (material == at.material) {
            radiance = shade_with(c, p, at, k, material);
            break;
        }
    }
    return radiance;
}

/* What is seen at a sample: a word, and with lobes also that of the transmissive triangle before
 * it, which is in the second layer. */
#ifdef LOBES
#define SEEN        uvec2
#define LAYER_WORDS (FRAME.tile_width * FRAME.tile_height * FRAME.view_count * SAMPLES)

SEEN seen_at(uint at)
{
    SEEN seen = uvec2(words[at].x, NOTHING);
    if (LAYERS == 1u)
        return seen;
    uvec2 front = words[at + LAYER_WORDS];
    seen.y = front.y < words[at].y ? front.x : NOTHING;
    return seen;
}

vec3 shade_seen(context c, SEEN seen, vec2 pixel)
{
    behind = vec4(0.0);
    for (uint layer = 0u; layer < LAYERS; layer++)
        if (seen[layer] != NOTHING)
            behind = vec4(shade(c, seen[layer], pixel), 1.0);
    return behind.rgb;
}
#else
#define SEEN uint

SEEN seen_at(uint at)
{
    return words[at].x;
}

vec3 shade_seen(context c, SEEN seen, vec2 pixel)
{
    return shade(c, seen, pixel);
}
#endif

/* The sum over the samples that something covers; alpha counts them. Invocations that have a
 * triangle left to shade do so together, whichever of their samples it begins with. */
vec4 resolve(context c, uint first_word, ivec2 pixel)
{
    vec4 sum = vec4(0.0);
    if (SAMPLES == 1u) { /* what is below comes to the same, but compiles to more */
        SEEN seen = seen_at(first_word);
        if (seen != SEEN(NOTHING))
            sum = vec4(shade_seen(c, seen, vec2(pixel * 256 + 128)), 1.0);
        return sum;
    }
    uint left = 0u; /* samples, a bit each */
    for (uint s = 0u; s < SAMPLES; s++)
        left |= seen_at(first_word + s) != SEEN(NOTHING) ? 1u << s : 0u;
    while (left != 0u) {
        SEEN seen = seen_at(first_word + findLSB(left));
        ivec2 center = ivec2(0);
        float covered = 0.0;
        for (uint s = 0u; s < SAMPLES; s++)
            if (seen_at(first_word + s) == seen) {
                left &= ~(1u << s);
                center += sample_offset(s);
                covered += 1.0;
            }
        vec2 at = vec2(pixel * 256) + vec2(center) * (1.0 / covered);
        sum += vec4(shade_seen(c, seen, at), 1.0) * covered;
    }
    return sum;
}

#ifdef ENVIRONMENT
/* Where a pixel looks: the direction whose image is the pixel (column i is row i of the matrix). */
vec3 look(context c, ivec2 pixel)
{
    if (c.orthographic)
        return -c.eye;
    vec2 at = vec2(pixel * 256 + 128);
    vec3 direction =
        cross(c.clip[0].xyz - at.x * c.clip[3].xyz, c.clip[1].xyz - at.y * c.clip[3].xyz);
    return normalize(dot(direction, c.clip[3].xyz) < 0.0 ? -direction : direction);
}

/* The environment takes the samples that nothing covers. */
vec4 put_sky_behind(context c, vec4 sum, ivec2 pixel)
{
    float left = float(SAMPLES) - sum.a;
    if (!c.sky_behind || left <= 0.0)
        return sum;
    return vec4(sum.rgb + left * incident_radiance(look(c, pixel), 0.0), float(SAMPLES));
}
#endif

#ifndef FOOTPRINT
void write_color(context c, uint at, vec4 sum)
{
    float covered = sum.a * (1.0 / float(SAMPLES));
    vec3 color = vec3(0.0);
    if (sum.a > 0.0)
        color = tonemap(sum.rgb * (c.exposure / sum.a), c.tonemap);
    float behind = c.background.a * (1.0 - covered);
    float alpha = covered + behind;
    color = alpha > 0.0 ? (clamp(color, 0.0, 1.0) * covered + c.background.rgb * behind) / alpha
                        : vec3(0.0);
    result[push.result.color_word + at] = packUnorm4x8(vec4(encode(color, c.tonemap), alpha));
}

void write_depth(uint view, uint at, uvec2 word)
{
    view_ref views = view_ref(FRAME.views);
    float d = uintBitsToFloat(~word.y);
    bool orthographic = (views.data[view].flags & TDI_VIEW_ORTHOGRAPHIC) != 0u;
    float near = views.data[view].near_plane;
    float range = views.data[view].far_plane - near;
    float distance = orthographic ? near + (1.0 - d) * range : near / d;
    result[push.result.depth_word + at] =
        word.x == NOTHING ? 0x7F800000u : floatBitsToUint(distance);
}

void write_object(uint at, uint word)
{
    uint object = NOTHING;
    if (word != NOTHING) {
        cluster_instance_ref sources = cluster_instance_ref(FRAME.cluster_instances);
        object = instance_ref(FRAME.instances).data[sources.data[word >> 7].instance].object_id;
    }
    result[push.result.object_word + at] = object;
}

/* Of both layers. */
uvec2 nearest_word(uint at)
{
    uvec2 word = words[at];
#ifdef LOBES
    uint front = seen_at(at).y;
    if (front != NOTHING)
        word = uvec2(front, words[at + LAYER_WORDS].y);
#endif
    return word;
}

void write(context c, uint view, uint at, uint first_word, ivec2 pixel)
{
    if ((OUTPUTS & OUTPUT_COLOR) != 0u) {
        vec4 sum = resolve(c, first_word, pixel);
#ifdef ENVIRONMENT
        sum = put_sky_behind(c, sum, pixel);
#endif
        write_color(c, at, sum);
    }
    if ((OUTPUTS & OUTPUT_DEPTH) != 0u)
        write_depth(view, at, nearest_word(first_word));
    if ((OUTPUTS & OUTPUT_OBJECT) != 0u)
        write_object(at, nearest_word(first_word).x);
}
#endif

void main()
{
    uint view = gl_WorkGroupID.z;
    context c = make_context(view);
    uint x = gl_GlobalInvocationID.x;
    uint end = min(gl_WorkGroupID.y * 8u + 8u, FRAME.tile_height);
    uint width = FRAME.tile_width;
    ivec2 tile = ivec2(FRAME.tile_x, FRAME.tile_y);
    uint first_row = view * FRAME.tile_height;
    if (x >= width)
        return;
    for (uint y = gl_WorkGroupID.y * 8u + gl_LocalInvocationID.y; y < end; y += ROWS) {
        uint first_word = ((first_row + y) * width + x) * SAMPLES;
#ifdef FOOTPRINT
        resolve(c, first_word, ivec2(x, y) + tile);
#else
        uint at = view * push.result.view_words + y * push.result.row_words + x;
        write(c, view, at, first_word, ivec2(x, y) + tile);
#endif
    }
}
