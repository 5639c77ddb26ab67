import type { Twitch } from '../twitch/twitch.ts'

export interface DemoViewer {
  login: string
  name: string
  color: string
  language: 'ru' | 'en'
  is?: 'moderator' | 'vip'
  /** As a subscriber. */
  months?: number
}

/** Who comes to the demo streamer's evenings. Their ids are always the same: so are the looks that they are given. */
export const DEMO_VIEWERS: readonly DemoViewer[] = [
  { login: 'kot_borys', name: 'Kot_Borys', color: '#FF7F50', language: 'ru', is: 'moderator', months: 31 },
  { login: 'night_otter', name: 'night_otter', color: '#1E90FF', language: 'en', is: 'moderator', months: 12 },
  { login: 'lisichka_ann', name: 'Lisichka_Ann', color: '#FF69B4', language: 'ru', is: 'vip', months: 7 },
  { login: 'captainpickle', name: 'CaptainPickle', color: '#9ACD32', language: 'en', is: 'vip' },
  { login: 'serega_tula71', name: 'Serega_Tula71', color: '#B22222', language: 'ru', months: 3 },
  { login: 'mandarinka', name: 'Mandarinka', color: '#FF4500', language: 'ru', months: 18 },
  { login: 'pixel_pete', name: 'Pixel_Pete', color: '#5F9EA0', language: 'en', months: 1 },
  { login: 'babushka_zina', name: 'Babushka_Zina', color: '#8A2BE2', language: 'ru', months: 24 },
  { login: 'tea_and_rain', name: 'tea_and_rain', color: '#2E8B57', language: 'en' },
  { login: 'ezhik_v_tumane', name: 'ezhik_v_tumane', color: '#DAA520', language: 'ru' },
  { login: 'dima_pro_2009', name: 'DIMA_PRO_2009', color: '#0000FF', language: 'ru' },
  { login: 'zoe_plays', name: 'zoe_plays', color: '#D2691E', language: 'en' },
  { login: 'sova_u_okna', name: 'Sova_u_okna', color: '#00FF7F', language: 'ru' },
  { login: 'grumpybadger', name: 'GrumpyBadger', color: '#008000', language: 'en' },
  { login: 'vareniki', name: 'vareniki', color: '#FF0000', language: 'ru' },
  { login: 'mike_from_ohio', name: 'mike_from_ohio', color: '#1E90FF', language: 'en' },
  { login: 'tihiy_chitatel', name: 'tihiy_chitatel', color: '', language: 'ru' },
  { login: 'lumi_aurora', name: 'Lumi_Aurora', color: '#FF69B4', language: 'en' },
  { login: 'dyadya_fedor', name: 'dyadya_fedor', color: '#9ACD32', language: 'ru' },
  { login: 'kapitan_vrungel', name: 'kapitan_vrungel', color: '#5F9EA0', language: 'ru' },
  { login: 'nosleep_nina', name: 'NoSleep_Nina', color: '#8A2BE2', language: 'en' },
  { login: 'pelmen_master', name: 'Pelmen_Master', color: '#DAA520', language: 'ru' },
  { login: 'sonya_risuet', name: 'sonya_risuet', color: '#FF7F50', language: 'ru' },
  { login: 'hugo_drift', name: 'hugo_drift', color: '#B22222', language: 'en' },
  { login: 'prosto_pasha', name: 'prosto_pasha', color: '#2E8B57', language: 'ru' },
]

const FIRST_ID = 910_000_001

/** Lets them in, with what they are in this channel. */
export function gatherViewers({ chatters, standings }: Twitch, channelId: string): void {
  for (const [index, { login, name, color, is, months }] of DEMO_VIEWERS.entries()) {
    const id = String(FIRST_ID + index)
    chatters.add({ login, name, color, id })
    standings.set(channelId, id, {
      moderator: is === 'moderator',
      vip: is === 'vip',
      subscriberMonths: months ?? 0,
    })
  }
}
