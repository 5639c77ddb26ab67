/**
 * `npm run bench [section …]`: each figure beside its baseline of the same run. Absolute times are this machine's; ratios
 * travel.
 */
import { availableParallelism } from 'node:os'
import { benchChat } from './chat.ts'
import { benchDonations } from './donations.ts'
import { benchNodes } from './nodes.ts'
import { measureOverlayFrames } from './overlay-frames.ts'

const SECTIONS = { donations: benchDonations, chat: benchChat, overlay: measureOverlayFrames, nodes: benchNodes }
type Section = keyof typeof SECTIONS

const print = (text: string) => void process.stdout.write(text)
const isSection = (name: string): name is Section => Object.hasOwn(SECTIONS, name)

const asked = process.argv.slice(2)
const wrong = asked.filter((name) => !isSection(name))
if (wrong.length > 0) {
  print(`There is no section ${wrong.join(', ')}. There are: ${Object.keys(SECTIONS).join(', ')}.\n`)
  process.exit(2)
}
print(`node ${process.version}, ${availableParallelism()} cores\n\n`)
for (const name of Object.keys(SECTIONS).filter(isSection)) {
  if (asked.length === 0 || asked.includes(name)) await SECTIONS[name](print)
}
process.exit(0)
