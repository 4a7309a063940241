#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_nonuniform_qualifier : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "brdf.glsl"
#include "samples.glsl"
#include "texture.glsl"
#include "tonemap.glsl"
#include "vertex.glsl"

/* Words become the outputs: one invocation a pixel, each distinct triangle among its samples is
 * shaded once, at the centroid of the samples that it covers. */

layout(local_size_x = 8, local_size_y = 8) in;
layout(constant_id = 3) const uint OUTPUTS = 1; /* td_output bits */
layout(binding = 0, scalar) readonly buffer words_buffer
{
    uvec2 words[];
};
layout(binding = 1, scalar) writeonly buffer result_buffer
{
    uint result[];
};

const uint OUTPUT_COLOR = 1u, OUTPUT_DEPTH = 2u, OUTPUT_OBJECT = 4u;
const uint NOTHING = 0xFFFFFFFFu;

/* A point of a triangle, as far as it follows from geometry. */
struct surface_point {
    vec3 position, normal; /* world; the normal is of unit length and faces as the vertices say */
    vec3 edge1, edge2;
    bool back;
    weights w;
};

surface_point locate(uint view, source_triangle source, vec2 at)
{
    transform instance = load_instance(source.instance);
    mat4 clip = load_clip(view);
    vec3 world[3];
    for (int i = 0; i < 3; i++)
        world[i] = to_world(instance, fetch_position(source.vertices[i]));
    surface_point p;
    p.w = weigh(to_clip(clip, world[0]), to_clip(clip, world[1]), to_clip(clip, world[2]), at);
    p.edge1 = world[1] - world[0];
    p.edge2 = world[2] - world[0];
    p.position = world[0] + p.w.at.y * p.edge1 + p.w.at.z * p.edge2;
    vec3 n = p.w.at.x * fetch_normal(source.vertices.x) +
             p.w.at.y * fetch_normal(source.vertices.y) +
             p.w.at.z * fetch_normal(source.vertices.z);
    /* Normals go by the cofactors of the matrix. */
    vec3 r0 = instance.rows[0].xyz, r1 = instance.rows[1].xyz, r2 = instance.rows[2].xyz;
    n = vec3(dot(cross(r1, r2), n), dot(cross(r2, r0), n), dot(cross(r0, r1), n));
    bool mirrored =
        (instance_ref(FRAME.instances).data[source.instance].flags & TDI_INSTANCE_MIRRORED) != 0u;
    n *= inversesqrt(max(dot(n, n), 1.0e-30));
    p.normal = mirrored ? -n : n;
    return p;
}

vec3 to_viewer(uint view, vec3 position)
{
    view_ref views = view_ref(FRAME.views);
    if ((views.data[view].flags & TDI_VIEW_ORTHOGRAPHIC) != 0u)
        return normalize(
            vec3(views.data[view].world[2], views.data[view].world[6], views.data[view].world[10]));
    return normalize(
        vec3(views.data[view].world[3], views.data[view].world[7], views.data[view].world[11]) -
        position);
}

/* The normal map's direction. Without tangents, its frame follows from how the texture lies on the
 * triangle. */
vec3 bend_normal(surface_point p, tdi_surface surface, tdi_material material, uvec3 vertices,
                 transform instance, texcoord set0, texcoord set1)
{
    vec3 m = sample_texture(material.normal_texture, set0, set1).xyz * 2.0 - 1.0;
    m.xy *= material.normal_scale;
    vec3 t, b;
    if (surface.first_tangent != TDI_SURFACE_NO_STREAM) {
        vec4 t0 = fetch_tangent(surface.first_tangent + vertices.x);
        vec3 object = p.w.at.x * t0.xyz +
                      p.w.at.y * fetch_tangent(surface.first_tangent + vertices.y).xyz +
                      p.w.at.z * fetch_tangent(surface.first_tangent + vertices.z).xyz;
        t = vec3(dot(instance.rows[0].xyz, object), dot(instance.rows[1].xyz, object),
                 dot(instance.rows[2].xyz, object));
        b = cross(p.normal, t) * t0.w;
    } else {
        texcoord uv = select_texcoord(material.normal_texture, set0, set1);
        /* Along the screen, position and coordinates change together. */
        vec3 dx = p.w.dx.y * p.edge1 + p.w.dx.z * p.edge2;
        vec3 dy = p.w.dy.y * p.edge1 + p.w.dy.z * p.edge2;
        float orientation = uv.dx.x * uv.dy.y - uv.dy.x * uv.dx.y >= 0.0 ? 1.0 : -1.0;
        t = (dx * uv.dy.y - dy * uv.dx.y) * orientation;
        t -= p.normal * dot(p.normal, t);
        b = (dy * uv.dx.x - dx * uv.dy.x) * orientation;
        b = dot(cross(p.normal, t), b) >= 0.0 ? cross(p.normal, t) : -cross(p.normal, t);
    }
    float length2 = dot(t, t);
    if (length2 == 0.0)
        return p.normal;
    float scale = inversesqrt(length2);
    return normalize(p.normal * m.z + t * (m.x * scale) + b * (m.y * scale));
}

vec3 shade_with(uint view, surface_point p, source_triangle source, uint material_index)
{
    tdi_surface surface = surface_ref(FRAME.surfaces).data[source.surface];
    tdi_material material = material_ref(FRAME.materials).data[material_index];
    uvec3 vertices = source.vertices - surface.first_vertex;
    texcoord set0 =
        interpolate_texcoord(vec2_ref(FRAME.texcoords0), surface.first_texcoord0, vertices, p.w);
    texcoord set1 =
        interpolate_texcoord(vec2_ref(FRAME.texcoords1), surface.first_texcoord1, vertices, p.w);
    surface_light s;
    s.base_color = vec3(material.base_color[0], material.base_color[1], material.base_color[2]);
    if (material.base_color_texture.texture != TDI_TEXTURE_NONE)
        s.base_color *= sample_texture(material.base_color_texture, set0, set1).rgb;
    if (surface.first_color != TDI_SURFACE_NO_STREAM)
        s.base_color *= p.w.at.x * fetch_color(surface.first_color + vertices.x).rgb +
                        p.w.at.y * fetch_color(surface.first_color + vertices.y).rgb +
                        p.w.at.z * fetch_color(surface.first_color + vertices.z).rgb;
    if ((material.surface_flags & TDI_SURFACE_UNLIT) != 0u)
        return s.base_color;
    s.metallic = material.metallic;
    s.roughness = material.roughness;
    if (material.metallic_roughness_texture.texture != TDI_TEXTURE_NONE) {
        vec4 t = sample_texture(material.metallic_roughness_texture, set0, set1);
        s.roughness *= t.g;
        s.metallic *= t.b;
    }
    s.occlusion = 1.0;
    if (material.occlusion_texture.texture != TDI_TEXTURE_NONE)
        s.occlusion = 1.0 + material.occlusion_strength *
                                (sample_texture(material.occlusion_texture, set0, set1).r - 1.0);
    s.emissive = vec3(material.emissive[0], material.emissive[1], material.emissive[2]);
    if (material.emissive_texture.texture != TDI_TEXTURE_NONE)
        s.emissive *= sample_texture(material.emissive_texture, set0, set1).rgb;
    s.view = to_viewer(view, p.position);
    s.normal = p.normal;
    if (material.normal_texture.texture != TDI_TEXTURE_NONE)
        s.normal =
            bend_normal(p, surface, material, vertices, load_instance(source.instance), set0, set1);
    bool mirrored =
        (instance_ref(FRAME.instances).data[source.instance].flags & TDI_INSTANCE_MIRRORED) != 0u;
    float facing = dot(cross(p.edge1, p.edge2), s.view);
    if ((material.surface_flags & TDI_SURFACE_DOUBLE_SIDED) != 0u && (facing < 0.0) != mirrored)
        s.normal = -s.normal;
    return light_surface(
        s, vec3(FRAME.light_direction[0], FRAME.light_direction[1], FRAME.light_direction[2]),
        vec3(FRAME.light_color[0], FRAME.light_color[1], FRAME.light_color[2]),
        vec3(FRAME.ambient[0], FRAME.ambient[1], FRAME.ambient[2]));
}

vec3 shade(uint view, uint word, vec2 at)
{
    source_triangle source = find_triangle(word);
    surface_point p = locate(view, source, at);
    uint mine = surface_ref(FRAME.surfaces).data[source.surface].material;
    vec3 radiance = vec3(0.0);
    /* One material at a time, so that textures are the same for all who sample. */
    while (true) {
        uint first = subgroupBroadcastFirst(mine);
        if (first == mine) {
            radiance = shade_with(view, p, source, first);
            break;
        }
    }
    return radiance;
}

vec4 resolve(uint view, uint first_word, ivec2 pixel)
{
    vec4 sum = vec4(0.0);
    uint done = 0u;
    for (uint s = 0u; s < SAMPLES; s++) {
        uint word = words[first_word + s].x;
        if (word == NOTHING || (done >> s & 1u) != 0u)
            continue;
        ivec2 center = ivec2(0);
        int covered = 0;
        for (uint k = s; k < SAMPLES; k++)
            if (words[first_word + k].x == word) {
                done |= 1u << k;
                center += sample_offset(k);
                covered++;
            }
        vec2 at = vec2(pixel * 256) + vec2(center) / float(covered);
        sum += vec4(shade(view, word, at), 1.0) * float(covered);
    }
    return sum;
}

void write_color(uint at, vec4 sum)
{
    vec4 background =
        vec4(FRAME.background[0], FRAME.background[1], FRAME.background[2], FRAME.background[3]);
    float covered = sum.a * (1.0 / float(SAMPLES));
    vec3 color = vec3(0.0);
    if (sum.a > 0.0)
        color = tonemap(sum.rgb * (FRAME.exposure / sum.a), FRAME.tonemap);
    float behind = background.a * (1.0 - covered);
    float alpha = covered + behind;
    color = alpha > 0.0 ? (clamp(color, 0.0, 1.0) * covered + background.rgb * behind) / alpha
                        : vec3(0.0);
    result[push.result.color_word + at] = packUnorm4x8(vec4(encode(color, FRAME.tonemap), alpha));
}

void main()
{
    uvec2 local = gl_GlobalInvocationID.xy;
    uint view = gl_WorkGroupID.z;
    if (local.x >= FRAME.tile_width || local.y >= FRAME.tile_height)
        return;
    uint first_word = ((view * FRAME.tile_height + local.y) * FRAME.tile_width + local.x) * SAMPLES;
    uint at = view * push.result.view_words + local.y * push.result.row_words + local.x;
    if ((OUTPUTS & OUTPUT_COLOR) != 0u)
        write_color(at,
                    resolve(view, first_word, ivec2(local) + ivec2(FRAME.tile_x, FRAME.tile_y)));
    uvec2 word = words[first_word];
    if ((OUTPUTS & OUTPUT_DEPTH) != 0u) {
        view_ref views = view_ref(FRAME.views);
        float d = uintBitsToFloat(~word.y);
        bool orthographic = (views.data[view].flags & TDI_VIEW_ORTHOGRAPHIC) != 0u;
        float near = views.data[view].near_plane;
        float distance =
            orthographic ? near + (1.0 - d) * (views.data[view].far_plane - near) : near / d;
        result[push.result.depth_word + at] =
            word.x == NOTHING ? 0x7F800000u : floatBitsToUint(distance);
    }
    if ((OUTPUTS & OUTPUT_OBJECT) != 0u) {
        uint object = NOTHING;
        if (word.x != NOTHING) {
            uint instance =
                cluster_instance_ref(FRAME.cluster_instances).data[word.x >> 7].instance;
            object = instance_ref(FRAME.instances).data[instance].object_id;
        }
        result[push.result.object_word + at] = object;
    }
}
