import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { grownAt, placeBubbles, type Spoken } from '../../web/crowd/bubbles.ts'
import { castAt } from '../../web/crowd/figures.ts'
import { nameTagsAt } from '../../web/crowd/name-tags.ts'
import { flowText, type FlowRules } from '../../web/crowd/text-flow.ts'
import { crowdOf, SCENE_NOW } from './crowd-scenes.ts'

test('no name lies over another, in a crowd of any size at any moment', () => {
  for (const count of [3, 25, 60, 200]) {
    for (const after of [0, 700, 3_100, 9_000]) {
      const cast = castAt(crowdOf(count, { busy: 60 }), SCENE_NOW + after, 1_080)
      const widthOf = ({ name }: { name: string }) => name.length * 11
      const tags = nameTagsAt(cast, SCENE_NOW + after, widthOf, 24)
      assert.ok(tags.length > 0 || after === 9_000)
      for (const [index, tag] of tags.entries()) {
        const half = widthOf(tag.figure.member) / 2
        assert.ok(tag.x - half >= 0 && tag.x + half <= 1_920)
        for (const other of tags.slice(index + 1)) {
          const apart = Math.abs(tag.x - other.x) >= half + widthOf(other.figure.member) / 2
          assert.ok(
            apart || Math.abs(tag.y - other.y) >= 24,
            `${tag.figure.member.name} and ${other.figure.member.name}`,
          )
        }
      }
    }
  }
})

test('among few everybody has a name; in a crowd those have who did something lately', () => {
  const namesOf = (count: number, busy: number) =>
    nameTagsAt(castAt(crowdOf(count, { busy }), SCENE_NOW, 1_080), SCENE_NOW, () => 8, 2).map(
      ({ figure }) => figure.member,
    )
  assert.equal(namesOf(6, 0).length, 6)
  const crowd = namesOf(120, 30)
  assert.ok(crowd.length > 10 && crowd.length < 60, `${crowd.length}`)
  for (const { motion, say } of crowd) assert.ok(say !== null || SCENE_NOW - motion.at < 8_000)
})

const spoken = fc.array(
  fc.record({
    id: fc.uuid(),
    at: fc.nat(9_000),
    x: fc.integer({ min: 0, max: 1_920 }),
    y: fc.integer({ min: 760, max: 930 }),
    width: fc.integer({ min: 60, max: 320 }),
    height: fc.constantFrom(46, 74, 102),
    grown: fc.constant(1),
  }),
  { maxLength: 14 },
)

test('bubbles stay on stage, near their speakers', () => {
  fc.assert(
    fc.property(spoken, (list) => {
      const bubbles = placeBubbles(list)
      for (const { left, top, root, words } of bubbles) {
        assert.ok(left >= 0 && left + words.width <= 1_920 && top >= 0)
        assert.ok(root >= left && root <= left + words.width)
        const atEdge = words.x < 60 || words.x > 1_860
        assert.ok(Math.abs(root - words.x) <= 45 || atEdge, `${root} for ${words.x}`)
      }
    }),
  )
})

test('bubbles of neighbours rise above each other, the one that was first stays', () => {
  const words = (id: string, at: number, x: number): Spoken => ({ id, at, x, y: 900, width: 240, height: 74, grown: 1 })
  const bubbles = placeBubbles([words('c', 3, 520), words('a', 1, 500), words('b', 2, 560)])
  const [third, second, first] = bubbles
  assert.deepEqual([first?.words.id, second?.words.id, third?.words.id], ['a', 'b', 'c'])
  assert.equal(first?.top, 900 - 15 - 74)
  for (const [upper, lower] of [
    [second, first],
    [third, second],
  ])
    assert.ok((upper?.top ?? 0) + 74 <= (lower?.top ?? 0), 'one above the other')
  const apart = placeBubbles([words('a', 1, 500), words('b', 2, 800)])
  assert.deepEqual(
    apart.map(({ top }) => top),
    [811, 811],
  )
})

test('two bubbles never overlap, and neither jumps while its speaker walks past the other', () => {
  const bubbleAt = (x: number) =>
    placeBubbles([
      { id: 'a', at: 1, x: 900, y: 900, width: 240, height: 74, grown: 1 },
      { id: 'b', at: 2, x, y: 880, width: 200, height: 46, grown: 1 },
    ])
  let last: { left: number; top: number } | undefined
  let highest = 2_000
  for (let x = 500; x < 1_300; x += 0.75) {
    const [b, a] = bubbleAt(x).sort((one, other) => (one.words.id < other.words.id ? 1 : -1))
    assert.ok(a && b)
    const over = Math.min(a.left + 240, b.left + 200) - Math.max(a.left, b.left)
    assert.ok(over <= 0 || b.top + 46 <= a.top || b.top >= a.top + 74, `overlap at ${x}`)
    // 0.75 units are two frames of a stroll.
    if (last) assert.ok(Math.abs(b.top - last.top) < 10, `${last.top} → ${b.top} at ${x}`)
    if (last) assert.ok(Math.abs(b.left - last.left) < 3, `${last.left} → ${b.left} at ${x}`)
    highest = Math.min(highest, b.top)
    last = b
  }
  assert.ok(highest < 811 - 46, 'it did rise')
})

test('a bubble pops in and out within 200 ms', () => {
  assert.equal(grownAt(1_000, 5_000, 1_000), 0)
  assert.ok(Math.abs(grownAt(1_000, 5_000, 1_200) - 1) < 1e-9)
  assert.ok(Math.abs(grownAt(1_000, 5_000, 4_800) - 1) < 1e-9)
  assert.equal(grownAt(1_000, 5_000, 5_000), 0)
})

const rules: FlowRules = {
  measure: (text) => text.length * 10,
  hasPicture: (src) => src === 'there',
  pictureWidth: 30,
  maxWidth: 200,
  maxLines: 3,
}
const words = (parts: Parameters<typeof flowText>[0], change: Partial<FlowRules> = {}) =>
  flowText(parts, { ...rules, ...change }).lines.map((line) =>
    line.map((run) => ('text' in run ? run.text : `<${run.src}>`)).join(' '),
  )

test('a text wraps into lines of about the same length', () => {
  assert.deepEqual(words([{ text: 'hello' }]), ['hello'])
  assert.deepEqual(words([{ text: 'one two three four five' }]), ['one two three', 'four five'])
})

test('words that are read from right to left stay together, in the order in which they were typed', () => {
  assert.deepEqual(words([{ text: 'שלום לכולם' }]), ['שלום לכולם'])
  assert.deepEqual(flowText([{ text: ' a  b ' }], rules).lines, [[{ x: 0, text: 'a b' }]])
})

test('blanks alone are nothing', () => {
  assert.deepEqual(words([{ text: ' \n ' }]), [])
})

test('what does not fit three lines ends in an ellipsis', () => {
  const lines = words([{ text: 'word '.repeat(40) }])
  assert.equal(lines.length, 3)
  assert.match(lines[2] ?? '', /…$/)
})

test('an emote stands among the words; until it came its name does', () => {
  const emote = (src: string) => ({ emote: 'Kappa', src })
  assert.deepEqual(words([{ text: 'gg' }, emote('there'), { text: 'wp' }]), ['gg <there> wp'])
  assert.deepEqual(words([{ text: 'gg' }, emote('loading'), { text: 'wp' }]), ['gg Kappa wp'])
})

test('no text is wider than its lines may be, however long its words are', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ text: fc.string({ maxLength: 60, unit: 'grapheme' }) }),
          fc.constant({ emote: 'LUL', src: 'there' }),
        ),
      ),
      (parts) => {
        const { lines, width } = flowText(parts, rules)
        assert.ok(lines.length <= 3 && width <= 200, `${lines.length} lines, ${width}`)
        for (const run of lines.flat())
          assert.ok(run.x + ('text' in run ? rules.measure(run.text) : 30) <= width + 1e-9)
      },
    ),
  )
})
