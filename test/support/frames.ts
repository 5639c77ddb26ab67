import { readFileSync } from 'node:fs'

/** One line of the recorded frames, or a remark between them. */
export interface FrameStep {
  /** The connection's name in the recording; empty for a remark. */
  conn: string
  /** `>` client to server, `<` server to client, `x` the server closes, `-` a remark. */
  dir: '>' | '<' | 'x' | '-'
  /** What went over the wire; for `x` the close reason; empty for a remark. Tokens are `<jwt>`. */
  text: string
  /** The k-th of n texts inside one WebSocket message, where that was recorded. */
  group: { index: number; of: number } | null
  /** The close code of an `x`. */
  code: number | null
  /** What the recording says of it. */
  note: string
}

export interface FrameSection {
  id: string
  title: string
  steps: FrameStep[]
}

const SECTION = /^# @section (\S+) (.*)$/
const STEP = /^# (\S+) ([><x])(?:(\d+)\/(\d+))?\s*(.*)$/
const REMARK = /^#- (.*)$/

/** The recorded frames of the DonationAlerts-like server, section by section. The file's head describes the format. */
export function readFrames(): FrameSection[] {
  const file = new URL('../fixtures/donationalerts-frames.txt', import.meta.url)
  return parseFrames(readFileSync(file, 'utf8'))
}

export function parseFrames(file: string): FrameSection[] {
  const sections: FrameSection[] = []
  let announced: Omit<FrameStep, 'text'> | null = null
  for (const line of file.split('\n')) {
    const section = SECTION.exec(line)
    const remark = REMARK.exec(line)
    const step = STEP.exec(line)
    const steps = sections.at(-1)?.steps
    if (section) {
      sections.push({ id: section[1] ?? '', title: section[2] ?? '', steps: [] })
    } else if (remark) {
      steps?.push({ conn: '', dir: '-', text: '', group: null, code: null, note: remark[1] ?? '' })
    } else if (line.startsWith('#')) {
      announced = step && announce(step)
    } else if (line !== '') {
      if (!announced || !steps) throw new Error(`No step announces this line: ${line}`)
      // Only text that is not JSON is written as a JSON string, which holds it.
      steps.push({ ...announced, text: line.startsWith('"') ? (JSON.parse(line) as string) : line })
      announced = null
    }
  }
  return sections
}

function announce([, conn = '', dir = '', index, of, note = '']: RegExpExecArray): Omit<FrameStep, 'text'> {
  return {
    conn,
    dir: dir as '>' | '<' | 'x',
    group: index === undefined ? null : { index: Number(index), of: Number(of) },
    code: dir === 'x' ? Number.parseInt(note, 10) : null,
    note,
  }
}
