/* From object space to snapped coordinates of the whole image. Every back end takes positions from
 * here, so that all agree bit by bit; precise, so that no compiler contracts or reorders. */
#ifndef POSITIONS_GLSL
#define POSITIONS_GLSL

#include "frame.glsl"

/* The guard band: snapped coordinates of what is not clipped stay below this, 1/256 pixel. */
const float GUARD = 8388352.0;

struct transform {
    vec4 rows[3];
};

transform load_instance(uint index)
{
    instance_ref instances = instance_ref(FRAME.instances);
    transform result;
    for (int i = 0; i < 3; i++)
        result.rows[i] =
            vec4(instances.data[index].rows[4 * i], instances.data[index].rows[4 * i + 1],
                 instances.data[index].rows[4 * i + 2], instances.data[index].rows[4 * i + 3]);
    return result;
}

mat4 load_clip(uint view)
{
    view_ref views = view_ref(FRAME.views);
    mat4 result; /* column i is row i of the matrix */
    for (int i = 0; i < 4; i++)
        result[i] = vec4(views.data[view].clip[4 * i], views.data[view].clip[4 * i + 1],
                         views.data[view].clip[4 * i + 2], views.data[view].clip[4 * i + 3]);
    return result;
}

vec3 fetch_position(uint vertex)
{
    return vec3_ref(FRAME.positions).data[vertex];
}

float precise_row(vec4 row, vec3 p)
{
    precise float sum = row.x * p.x;
    sum = sum + row.y * p.y;
    sum = sum + row.z * p.z;
    sum = sum + row.w;
    return sum;
}

vec3 to_world(transform instance, vec3 p)
{
    return vec3(precise_row(instance.rows[0], p), precise_row(instance.rows[1], p),
                precise_row(instance.rows[2], p));
}

vec4 to_clip(mat4 clip, vec3 world)
{
    return vec4(precise_row(clip[0], world), precise_row(clip[1], world),
                precise_row(clip[2], world), precise_row(clip[3], world));
}

struct snapped {
    ivec2 at; /* 1/256 pixel of the whole image */
    float depth;
};

/* w is positive. */
snapped snap(vec4 clip)
{
    precise float inverse = 1.0 / clip.w;
    precise vec3 projected = clip.xyz * inverse;
    snapped result;
    result.at = ivec2(roundEven(projected.xy));
    result.depth = projected.z;
    return result;
}

#endif
