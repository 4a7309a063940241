#version 460

/* Moving colours, a texel each. */
layout(local_size_x = 8, local_size_y = 8) in;

layout(set = 0, binding = 0, rgba8) uniform writeonly image2D picture;
layout(push_constant) uniform Push { float time; };

void main()
{
    ivec2 texel = ivec2(gl_GlobalInvocationID.xy);
    ivec2 size = imageSize(picture);
    if (any(greaterThanEqual(texel, size)))
        return;
    vec2 place = vec2(texel) / vec2(size.y);
    float sum = sin(9.0 * place.x + time) + sin(7.0 * place.y - 2.0 * time) +
                sin(11.0 * length(place - 0.5) - 3.0 * time);
    imageStore(picture, texel, vec4(0.5 + 0.5 * sin(sum + vec3(0.0, 2.0, 4.0)), 1.0));
}
