/* What the graphics card runs. An instance is a picture: two sides of its parallelogram, a corner, a place on a page. */

/** Numbers an instance. */
export const VERTEX_NUMBERS = 12

const VERTEX = `#version 300 es
layout(location = 0) in vec4 sides;
layout(location = 1) in vec2 origin;
layout(location = 2) in vec4 spot;
layout(location = 3) in vec2 pageAndAlpha;
uniform vec4 view;
out vec3 at;
out float alpha;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 place = origin + sides.xy * corner.x + sides.zw * corner.y;
  gl_Position = vec4(place * view.xy + view.zw, 0.0, 1.0);
  at = vec3(spot.xy + spot.zw * corner, pageAndAlpha.x);
  alpha = pageAndAlpha.y;
}`

const FRAGMENT = `#version 300 es
precision mediump float;
precision mediump sampler2DArray;
uniform sampler2DArray pages;
in highp vec3 at;
in float alpha;
out vec4 color;
void main() {
  color = texture(pages, at) * alpha;
}`

export const PAINT_QUADS = {
  /** Place, how many numbers, and after how many of the instance's. */
  inputs: [
    [0, 4, 0],
    [1, 2, 4],
    [2, 4, 6],
    [3, 2, 10],
  ] as const,
  link(gl: WebGL2RenderingContext): WebGLProgram {
    const program = gl.createProgram()
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type)
      // A context that was lost just now gives none; it will be set up again when it comes back.
      if (!shader) continue
      gl.shaderSource(shader, source)
      gl.compileShader(shader)
      gl.attachShader(program, shader)
    }
    gl.linkProgram(program)
    return program
  },
}
