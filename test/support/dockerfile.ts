import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

/**
 * Replays a Dockerfile without a container engine: each stage is a directory, COPY copies into it, RUN runs in it. What
 * comes from a registry of images is the Node that runs this; what npm would fetch is taken from what it has fetched.
 */
export interface Instruction {
  name: string
  flags: Record<string, string>
  /** As written, continued lines joined. */
  text: string
}

export interface Stage {
  base: string
  name: string
  instructions: Instruction[]
}

const repository = join(import.meta.dirname, '..', '..')

export function parseDockerfile(text: string): { arguments: Record<string, string>; stages: Stage[] } {
  const args: Record<string, string> = {}
  const stages: Stage[] = []
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  for (const line of lines) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? assert.fail(`not an instruction: ${line}`)
    const instruction = readFlags(name, rest)
    const stage = stages.at(-1)
    if (name === 'FROM') {
      const [base = '', , alias = ''] = instruction.text.split(/\s+/)
      stages.push({
        base: base.replaceAll(/\$\{(\w+)\}/g, (_, key: string) => args[key] ?? ''),
        name: alias,
        instructions: [],
      })
    } else if (stage) {
      stage.instructions.push(instruction)
    } else {
      assert.equal(name, 'ARG', `${name} before the first FROM`)
      const [key = '', value = ''] = instruction.text.split('=')
      args[key] = value
    }
  }
  return { arguments: args, stages }
}

function readFlags(name: string, rest: string): Instruction {
  const flags: Record<string, string> = {}
  let text = rest
  for (let match = FLAG.exec(text); match; match = FLAG.exec(text)) {
    flags[match[1] ?? ''] = match[2] ?? ''
    text = text.slice(match[0].length)
  }
  return { name, flags, text }
}

const FLAG = /^--([\w-]+)=(\S+)\s+/

/** Makes all stages in `directory`, and returns where the last one is. */
export function replay(stages: readonly Stage[], directory: string): string {
  const roots = new Map<string, string>()
  const allowed = readDockerignore()
  let last = ''
  for (const [index, stage] of stages.entries()) {
    const root = join(directory, stage.name || String(index))
    roots.set(stage.name, root)
    last = root
    const parent = roots.get(stage.base)
    mkdirSync(root, { recursive: true })
    // Hard links: nobody changes a file that is there, and Node alone is 120 MB.
    if (parent) execFileSync('cp', ['-al', `${parent}/.`, root])
    else if (stage.base.startsWith('node:')) {
      mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
      cpSync(process.execPath, join(root, 'usr/local/bin/node'))
    }
    let workdir = '/'
    for (const { name, flags, text } of stage.instructions) {
      if (name === 'WORKDIR') mkdirSync(join(root, (workdir = text)), { recursive: true })
      if (name === 'RUN') run(text, join(root, workdir), root)
      if (name !== 'COPY') continue
      const sources = text.split(/\s+/)
      const target = sources.pop() ?? ''
      const from = flags['from']
      const origin =
        from === undefined ? repository : (roots.get(from) ?? assert.fail(`COPY --from=${from}: no such stage`))
      for (const source of sources) {
        if (from === undefined) assert.ok(allowed(source), `.dockerignore keeps ${source} out`)
        const path = join(origin, source)
        assert.ok(existsSync(path), `COPY ${source}: there is none`)
        const into = target.startsWith('/') ? join(root, target) : join(root, workdir, target)
        const isInto = target.endsWith('/') && !statSync(path).isDirectory()
        mkdirSync(dirname(into), { recursive: true })
        const place = isInto ? join(into, basename(path)) : into
        if (from === undefined) {
          cpSync(path, place, { recursive: true, filter: (file) => allowed(relative(repository, file)) })
        } else {
          execFileSync('cp', ['-alT', path, place])
        }
      }
    }
  }
  return last
}

function run(text: string, cwd: string, root: string): void {
  for (const command of text.split('&&').map((part) => part.trim())) {
    const [program, ...args] = command.split(/\s+/)
    if (program === 'npm') {
      assert.equal(args[0], 'ci', command)
      install(cwd, args)
    } else {
      assert.ok(program === 'node' || program === 'rm', `cannot replay ${command}`)
      const PATH = `${join(root, 'usr/local/bin')}:${process.env['PATH']}`
      execFileSync(program, args, { cwd, env: { PATH }, stdio: ['ignore', 'ignore', 'inherit'] })
    }
  }
}

/** What `npm ci` with these arguments puts into node_modules, by the lock file, out of our own. */
function install(cwd: string, args: readonly string[]): void {
  if (!args.includes('--omit=dev')) return symlinkSync(join(repository, 'node_modules'), join(cwd, 'node_modules'))
  const lock = JSON.parse(readFileSync(join(cwd, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean; hasInstallScript?: boolean }>
  }
  const withoutOptional = args.includes('--omit=optional')
  for (const [path, { dev, optional, devOptional, hasInstallScript }] of Object.entries(lock.packages)) {
    if (path === '' || dev || ((optional || devOptional) && withoutOptional)) continue
    // What its script would have made is not there.
    if (hasInstallScript && args.includes('--ignore-scripts')) continue
    cpSync(join(repository, path), join(cwd, path), {
      recursive: true,
      filter: (file) => !relative(join(repository, path), file).split('/').includes('node_modules'),
    })
  }
}

/** A list of what is let in, and nothing else: `*`, then lines that begin with an exclamation mark. */
function readDockerignore(): (path: string) => boolean {
  const lines = readFileSync(join(repository, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(lines.shift(), '*')
  const entries = lines.map((line) => /^!([\w./-]+)$/.exec(line)?.[1] ?? assert.fail(`.dockerignore: ${line}`))
  return (path) => entries.some((entry) => path === entry || path.startsWith(`${entry}/`))
}
