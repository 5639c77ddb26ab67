/*
 * Colour arithmetic on `#rrggbb`. Shadows drift towards violet and lose little saturation, light only brightens:
 * that small hue shift keeps flat colours lively.
 */

/** The same colour in shadow. @param amount 0 leaves it, 1 is black */
export function shadow(color: string, amount = 0.17): string {
  const [hue, saturation, lightness] = toHsl(color)
  const drift = hue < 60 ? -5 : hue < 240 ? 8 : -8
  // Pale colours are fully saturated by their numbers only; darkened as they are they would glow.
  const kept = lightness > 0.8 && saturation > 0.5 ? 0.72 : 0.92
  return toHex(hue + drift, saturation * kept + (lightness > 0.85 ? 0.06 : 0), lightness * (1 - amount))
}

/** The same colour in the light. @param amount 0 leaves it, 1 is white */
export function light(color: string, amount = 0.3): string {
  const [hue, saturation, lightness] = toHsl(color)
  return toHex(hue, saturation, lightness + (1 - lightness) * amount)
}

/** The line around a shape: very dark, but of the shape's own hue. */
export function ink(color: string): string {
  const [hue, saturation, lightness] = toHsl(color)
  return toHex(
    hue - 12,
    Math.min(saturation * 0.7 + 0.08, lightness > 0.85 ? 0.22 : 0.55),
    Math.min(Math.max(lightness * 0.32, 0.07), 0.28),
  )
}

/** A colour between two. @param amount 0 is `one`, 1 is `other` */
export function blend(one: string, other: string, amount: number): string {
  const [from, to] = [channels(one), channels(other)]
  return hexOf(from.map((value, at) => value + ((to[at] ?? 0) - value) * amount))
}

export function withAlpha(color: string, alpha: number): string {
  return color + hexByte(alpha * 255)
}

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
}

function hexByte(value: number): string {
  return Math.round(Math.min(255, Math.max(0, value)))
    .toString(16)
    .padStart(2, '0')
}

function hexOf(values: number[]): string {
  return `#${values.map(hexByte).join('')}`
}

function toHsl(color: string): [hue: number, saturation: number, lightness: number] {
  const [red = 0, green = 0, blue = 0] = channels(color).map((value) => value / 255)
  const most = Math.max(red, green, blue)
  const least = Math.min(red, green, blue)
  const spread = most - least
  const lightness = (most + least) / 2
  if (spread === 0) return [0, 0, lightness]
  const sixth =
    most === red
      ? ((green - blue) / spread + 6) % 6
      : most === green
        ? (blue - red) / spread + 2
        : (red - green) / spread + 4
  return [sixth * 60, spread / (1 - Math.abs(2 * lightness - 1)), lightness]
}

function toHex(hue: number, saturation: number, lightness: number): string {
  const strength = saturation * Math.min(lightness, 1 - lightness)
  const channel = (offset: number) => {
    const sector = (offset + (hue + 360) / 30) % 12
    return 255 * (lightness - strength * Math.max(-1, Math.min(sector - 3, 9 - sector, 1)))
  }
  return hexOf([channel(0), channel(8), channel(4)])
}
