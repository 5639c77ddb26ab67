import { json } from '../http.ts'
import type { Chatter } from '../twitch/chatters.ts'
import type { ControlOptions, ControlRoute } from './route.ts'
import { BadRequest, either, flag, integer, listOf, numeric, optional, readFields, text } from './fields.ts'
import { chatterOf, nameField, talkerOf } from './chatters.ts'

const CHANNELS_MAX = 20_000
const VIEWERS_MAX = 1_000
const HOUR_MS = 3_600_000

/** Much chat, for measurements. */
export function loadRoutes({ people, twitch }: ControlOptions): ControlRoute[] {
  const { chatters, load } = twitch
  const channelsOf = (asked: number | string[]): Chatter[] => {
    if (typeof asked !== 'number') return asked.map((name) => chatterOf(chatters, 'channels', name))
    const there = people.all()
    if (there.length < asked)
      throw new BadRequest([{ path: 'channels', message: `: there are only ${there.length} streamers` }])
    return there.slice(0, asked).map(({ twitchId }) => chatterOf(chatters, 'channels', twitchId))
  }
  return [
    {
      method: 'POST',
      path: '/control/twitch/load',
      run(body) {
        const fields = readFields(body, {
          channels: either(integer(1, CHANNELS_MAX), listOf(nameField, CHANNELS_MAX)),
          perSecond: integer(1, 20_000),
          durationMs: integer(1, HOUR_MS),
          viewersPerChannel: optional(integer(1, VIEWERS_MAX)),
          commandShare: optional(numeric),
          commands: optional(listOf(text(100, 1), 100)),
          stamp: optional(flag),
          duplicateEvery: optional(integer(1, 1_000_000)),
        })
        const { commandShare = 0, commands = ['!ping'], viewersPerChannel = 25 } = fields
        if (commandShare > 1) throw new BadRequest([{ path: 'commandShare', message: 'must be from 0 to 1' }])
        if (commands.length === 0) throw new BadRequest([{ path: 'commands', message: 'must not be empty' }])
        const channels = channelsOf(fields.channels)
        if (channels.length === 0) throw new BadRequest([{ path: 'channels', message: 'must not be empty' }])
        const viewers = channels.map(({ id }) =>
          Array.from({ length: viewersPerChannel }, (_, index) => talkerOf(chatters, 'channels', `v${index}_${id}`)),
        )
        const { perSecond, durationMs, stamp = false, duplicateEvery = null } = fields
        const plan = { channels, viewers, perSecond, durationMs, commandShare, commands, stamp, duplicateEvery }
        return json(201, load.start(plan))
      },
    },
    { method: 'GET', path: '/control/twitch/load', run: () => json(200, { load: load.state() }) },
    {
      method: 'DELETE',
      path: '/control/twitch/load',
      run() {
        load.stop()
        return json(200, { load: load.state() })
      },
    },
  ]
}
