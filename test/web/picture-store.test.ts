import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Picture } from '../../web/crowd/picture.ts'
import { createPictureStore } from '../../web/crowd/picture-store.ts'

const BOX = { left: 0, top: 0, width: 1, height: 1 }

/** A store whose pictures take 3 ms each to draw, and what became of them. */
function slowStore(budget = 1_000) {
  let now = 0
  const forgotten: Picture[] = []
  const store = createPictureStore(
    (picture) => void forgotten.push(Object.assign(picture, { alive: false })),
    () => now,
    budget,
  )
  const bake = (): Picture => {
    now += 3
    return { box: BOX, empty: false, alive: true, usedAt: 0, pixels: 100 }
  }
  const frame = (owners: readonly string[], name = 'head') => {
    store.beginFrame(now + 4)
    return owners.map((owner) => store.take(store.drawer(owner), name, bake))
  }
  return { store, frame, forgotten, bake }
}

test('two hundred newcomers are drawn a few a frame, and all of them in the end', () => {
  const { store, frame } = slowStore(1e9)
  const owners = Array.from({ length: 200 }, (_, index) => `viewer ${index}`)
  let frames = 0
  let before = 0
  do {
    const there = frame(owners).filter(Boolean).length
    assert.ok(there - before <= 2, `${there - before} in one frame`)
    before = there
    frames++
  } while (store.isBehind())
  assert.equal(before, 200)
  assert.ok(frames >= 100)
})

test('what is urgent is drawn whatever the time', () => {
  const { store, bake } = slowStore()
  store.beginFrame(-1)
  assert.equal(store.take(store.drawer('a'), 'head', bake), undefined)
  assert.ok(store.take(store.drawer('a'), 'arms', bake, true))
})

test('beyond the budget the pictures go that were not used for longest, never those on screen', () => {
  const { store, frame, forgotten } = slowStore(1_000)
  const old = frame(['a'], 'old').concat(frame(['b'], 'old'))
  const onScreen = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  for (let turn = 0; turn < 12; turn++) frame(onScreen)
  store.tidy()
  assert.deepEqual(forgotten, old)
})

test('whoever is gone takes his pictures along after a while', () => {
  const { store, frame, forgotten } = slowStore()
  const [gone] = frame(['gone'])
  for (let turn = 0; turn < 300; turn++) frame(['there'])
  store.tidy()
  assert.deepEqual(forgotten, [gone])
})

test('what a lost graphics card took along is drawn anew', () => {
  const { frame } = slowStore()
  const [first] = frame(['a'])
  Object.assign(first ?? {}, { alive: false })
  const [again] = frame(['a'])
  assert.ok(again?.alive && again !== first)
})
