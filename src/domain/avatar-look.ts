/** What a character wears: names of parts and colours. Drawing is `web/avatar/`'s business. */
export interface AvatarLook {
  skin: string
  hair: string
  hairColor: string
  eye: string
  ears: string
  hat: string
  top: string
  topColor: string
  bottom: string
  bottomColor: string
  shoe: string
  accent: string
  glasses: string
  beard: string
}
