/* From the corners of a triangle to its fragments: all are the same at each corner. */
layout(location = 0) flat VARYING ivec2 corner;   /* the first, snapped */
layout(location = 1) flat VARYING vec3 plane;     /* depth there, and its slopes */
layout(location = 2) flat VARYING vec2 depths;    /* least and greatest */
layout(location = 3) flat VARYING uvec3 identity; /* view, word, sample (of one instance each) */
