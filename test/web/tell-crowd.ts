import type { StageAvatar } from '../../src/domain/overlay-protocol.ts'
import { createCrowd, type Crowd } from '../../web/crowd/crowd.ts'
import type { Told } from './told-stage.ts'

/** A crowd that heard a snapshot, or nothing, and then events. */
export function crowdOfTold(snapshot: readonly StageAvatar[], told: readonly Told[]): Crowd {
  const crowd = createCrowd()
  crowd.replace(snapshot)
  for (const event of told) tell(crowd, event)
  return crowd
}

function tell(crowd: Crowd, { type, at, d }: Told): void {
  if (type === 'avatar.join') crowd.join(at, d)
  else if (type === 'avatar.leave') crowd.leave(at, d)
  else if (type === 'avatar.look') crowd.changeLook(d)
  else if (type === 'avatar.act') crowd.act(at, d)
  else if (type === 'avatar.say') crowd.say(at, d)
  else crowd.holdUp(at, d)
}
