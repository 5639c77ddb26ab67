import type { Actor } from './actor.ts'
import type { ExportedStage, StageRules } from './stage.ts'

/** A stage with the rules that it was kept by. */
interface Moved {
  rules: StageRules
  stage: ExportedStage
}

/** More than any stage has of anybody. */
const MOST = 2_000

/**
 * Whether this is a stage that can go on here. It was written by another node, of whatever version: what passes must never
 * fail later, with a timer, where nobody expects it.
 */
export function isMovedStage(value: unknown): value is Moved {
  if (!isRecord(value) || !isRecord(value['rules']) || !isRecord(value['stage'])) return false
  const { rules, stage } = value
  const { v, awake, tired, leaving, stayingAway } = stage
  return (
    areNumbers(rules['inactivityMs'], rules['crowdLimit']) &&
    v === 1 &&
    [awake, tired, leaving].every((some) => isListOf(some, isActor)) &&
    isListOf(stayingAway, isText)
  )
}

function isActor(value: unknown): value is Actor {
  if (!isRecord(value)) return false
  const { id, name, color, look, seed, by, motion, activeAt, count, say, sign, next, why } = value
  return (
    [id, name, color, by].every(isText) &&
    areNumbers(seed, activeAt, count) &&
    isRecord(look) &&
    Object.values(look).every(isText) &&
    isRecord(motion) &&
    isText(motion['act']) &&
    areNumbers(motion['at'], motion['dur'], motion['from'], motion['to']) &&
    [say, sign].every((shown) => shown === null || isShown(shown)) &&
    (next === null || isPlan(next)) &&
    (why === null || isText(why))
  )
}

function isShown(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { parts, at, until, messageId } = value
  return isListOf(parts, isPart) && areNumbers(at, until) && isText(messageId)
}

function isPlan(value: unknown): boolean {
  if (!isRecord(value) || !areNumbers(value['dur'])) return false
  if (value['act'] === 'sign') return isPart(value['part']) && isText(value['messageId'])
  return ['wave', 'laugh', 'jump'].some((act) => act === value['act'])
}

function isPart(value: unknown): boolean {
  return isRecord(value) && (isText(value['text']) || (isText(value['emote']) && isText(value['src'])))
}

const isText = (value: unknown): value is string => typeof value === 'string'
const areNumbers = (...values: unknown[]) => values.every(Number.isFinite)
const isListOf = (value: unknown, isOne: (one: unknown) => boolean) =>
  Array.isArray(value) && value.length <= MOST && value.every(isOne)

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
