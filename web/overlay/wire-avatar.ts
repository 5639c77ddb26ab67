import { lookFromSeed, parseLook } from '../../src/domain/avatar-look.ts'
import type { OverlayEvent, OverlayEvents, Shown, StageAvatar, TextPart } from '../../src/domain/overlay-protocol.ts'
import type { Motion } from '../../src/domain/stage-motion.ts'

/* What the server tells of characters, checked before the stage believes it. */

type AvatarEvent = Extract<OverlayEvent, `avatar.${string}`>
type Loose = Record<string, unknown>

const MOTIONS: ReadonlySet<unknown> = new Set<Motion['act']>([
  'enter',
  'walk',
  'wave',
  'laugh',
  'jump',
  'sit',
  'sign',
  'leave',
])
const PLAIN_COLOR = '#ffffff'
/** Nobody is told to be farther out than this; a wrong number must not hide everybody else behind a scale. */
const FARTHEST = 10_000

export function isAvatarEvent(type: OverlayEvent): type is AvatarEvent {
  return Object.hasOwn(READERS, type)
}

/** The content of an avatar's event as the stage may use it, or `undefined`. */
export function readAvatarEvent<Type extends AvatarEvent>(type: Type, d: Loose): OverlayEvents[Type] | undefined {
  if (!isId(d.id)) return undefined
  return READERS[type](d) as OverlayEvents[Type] | undefined
}

const READERS: Record<AvatarEvent, (d: Loose) => unknown> = {
  'avatar.join': (d) => (isPerson(d) && isWay(d) ? dressed(d) : undefined),
  'avatar.leave': (d) => (isWay(d) ? d : undefined),
  'avatar.look': (d) => (parseLook(d.look) ? d : undefined),
  'avatar.act': (d) => (isWay(d) && MOTIONS.has(d.act) && d.act !== 'enter' && d.act !== 'leave' ? d : undefined),
  'avatar.say': (d) => (isSpan(d.dur) && areParts(d.parts) ? d : undefined),
  'avatar.emote': (d) => (isSpan(d.dur) && areParts(d.parts) && isPlace(d.x) ? d : undefined),
}

/** Who stands on stage by a snapshot. Who cannot be understood is left out, and nobody else with him. */
export function readAvatars(value: unknown): StageAvatar[] {
  if (!Array.isArray(value)) return []
  return value.filter(isStageAvatar).map((avatar) => ({
    ...dressed(avatar),
    say: isShown(avatar.say) ? avatar.say : null,
    sign: isShown(avatar.sign) ? avatar.sign : null,
  }))
}

/** A hat from a newer server than this page is no reason to leave its wearer out. */
function dressed<Person extends { color: unknown; look: unknown; seed: number }>(person: Person): Person {
  const color = typeof person.color === 'string' && /^#[\da-f]{6}$/i.test(person.color) ? person.color : PLAIN_COLOR
  return { ...person, color, look: parseLook(person.look) ?? lookFromSeed(person.seed) }
}

function isStageAvatar(value: unknown): value is StageAvatar {
  return isRecord(value) && isId(value.id) && isPerson(value) && isMotion(value.motion)
}

function isPerson(d: Loose): d is Loose & { color: unknown; look: unknown; seed: number } {
  return typeof d.name === 'string' && typeof d.seed === 'number' && Number.isFinite(d.seed)
}

function isMotion(value: unknown): value is Motion {
  return isRecord(value) && MOTIONS.has(value.act) && Number.isFinite(value.at) && isWay(value)
}

function isWay({ from, to, dur }: Loose): boolean {
  return isPlace(from) && isPlace(to) && isSpan(dur)
}

function isPlace(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= FARTHEST
}

function isSpan(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isShown(value: unknown): value is Shown {
  return isRecord(value) && Number.isFinite(value.at) && Number.isFinite(value.until) && areParts(value.parts)
}

function areParts(value: unknown): value is TextPart[] {
  return Array.isArray(value) && value.every(isPart)
}

function isPart(value: unknown): value is TextPart {
  if (!isRecord(value)) return false
  return typeof value.text === 'string' || (typeof value.emote === 'string' && typeof value.src === 'string')
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isRecord(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
