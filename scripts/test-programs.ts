/**
 * Sees to the programs that the tests run and npm does not bring. Nothing is ever skipped for want of a program: what is
 * missing is installed, or the run ends here with the list of it.
 */
import { CHROMIUM, EMOJI_FONT, HAPROXY, POSTGRES, PROMETHEUS, REDIS, requirePrograms } from './programs.ts'

requirePrograms([CHROMIUM, EMOJI_FONT, POSTGRES, REDIS, HAPROXY, PROMETHEUS], { who: 'The tests', verb: 'npm test' })
