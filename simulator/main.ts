import { parseArgs } from 'node:util'
import { startSimulator, type SimulatorOptions } from './simulator.ts'

const USAGE = `Usage: npm run simulator -- [options]
  --port <n>            default 4000; 0 takes a free one
  --host <address>      default 127.0.0.1; whoever reaches it may do anything with it
  --demo                a streamer who is given something every few seconds
  --strict-apps         only chatfolk-twitch and chatfolk-da are registered
  --seed <n>            the same seed makes the same evening
  --rate-window-ms <n>  length of DonationAlerts' rate window, default 60000`

/** In `--demo` people stay signed in when the simulator is started again. It guards nothing but made-up money. */
const DEMO_KEY = 'everybody may know this'

/** sysexits.h: wrong usage; a service that cannot be had, here the port. */
const EXIT_USAGE = 64
const EXIT_UNAVAILABLE = 69

const options = readOptions()
if (options === 'help') console.log(USAGE)
else await run(options)

async function run(options: SimulatorOptions): Promise<void> {
  const simulator = await startSimulator(options).catch((error: Error) =>
    fail(EXIT_UNAVAILABLE, `The simulator did not start: ${error.message}`),
  )
  console.log(JSON.stringify({ ready: true, url: simulator.url }))
  const stop = () => void simulator.close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  // Whoever started us with a channel is gone when the channel is.
  process.once('disconnect', stop)
}

function readOptions(): SimulatorOptions | 'help' {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4000' },
        host: { type: 'string', default: '127.0.0.1' },
        demo: { type: 'boolean', default: false },
        'strict-apps': { type: 'boolean', default: false },
        seed: { type: 'string' },
        'rate-window-ms': { type: 'string', default: '60000' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return 'help'
    return {
      port: wholeNumber('--port', values.port, 0, 65_535),
      host: values.host,
      strictApps: values['strict-apps'],
      seed: wholeNumber('--seed', values.seed ?? String(Date.now() % 1_000_000), 0, 2 ** 31),
      rateWindowMs: wholeNumber('--rate-window-ms', values['rate-window-ms'], 1, 86_400_000),
      ...(values.demo ? { demo: true, signingKey: DEMO_KEY } : {}),
    }
  } catch (error) {
    return fail(EXIT_USAGE, `${(error as Error).message}\n\n${USAGE}`)
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= min && number <= max) return number
  throw new Error(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`)
}

function fail(code: number, words: string): never {
  console.error(words)
  process.exit(code)
}
