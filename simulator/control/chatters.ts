import type { Chatter, Chatters } from '../twitch/chatters.ts'
import { BadRequest, pattern } from './fields.ts'

/** A login or an id at Twitch. */
export const nameField = pattern(/^[A-Za-z0-9_]{1,25}$/, 'a login or an id at Twitch')
export const color = pattern(/^(#[0-9A-Fa-f]{6})?$/, 'a colour like "#DAA520", or ""')
export const scopesField = pattern(/^[a-z:_ ]{0,2000}$/, 'scopes, with blanks between them')

/** @throws BadRequest */
export function chatterOf(chatters: Chatters, path: string, name: string): Chatter {
  const chatter = chatters.find(name)
  if (!chatter) throw new BadRequest([{ path, message: `: there is nobody called ${name}` }])
  return chatter
}

/** Whoever talks without having been there before is there now. */
export function talkerOf(chatters: Chatters, path: string, name: string): Chatter {
  const known = chatters.find(name)
  if (known) return known
  const made = /^\d+$/.test(name) ? undefined : chatters.add({ login: name.toLowerCase(), name })
  return made && 'login' in made ? made : chatterOf(chatters, path, name)
}
