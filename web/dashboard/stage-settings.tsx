import { SETTING_LIMITS } from '../../src/domain/settings.ts'
import { useTexts } from '../ui/language.tsx'
import { Icon } from '../ui/icons.tsx'
import { duration } from './duration.ts'
import { useSession } from './session.ts'
import { ChoiceSetting, RangeSetting, StepSetting, SwitchSetting } from './setting-fields.tsx'
import { useSave } from './use-save.ts'

const { inactivityS: silence, crowdLimit } = SETTING_LIMITS

/** Seconds of silence worth choosing between. */
const SILENCES = [silence.min, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 420, 600, 900, 1_200, 1_800, silence.max]

/** Who comes on stage, how many, and for how long. */
export function StageSettings() {
  const texts = useTexts()
  const words = texts.chat.stage
  const { saver } = useSession()
  const save = useSave()
  const { chat } = saver.settings.value
  const { join } = chat.commands
  const word = join.words[0] ?? ''
  const who = chat.joinByTalking ? 'talkers' : 'askers'
  const whoName = { talkers: words.talkers, askers: words.askers(word) }
  const inTime = (seconds: number) => duration(seconds, texts.settings)
  return (
    <section class="card settings">
      <h2>{words.title}</h2>
      <ChoiceSetting
        label={words.who}
        note={words.whoNote(word)}
        value={who}
        options={[
          { value: 'talkers', label: whoName.talkers },
          { value: 'askers', label: whoName.askers },
        ]}
        onChange={(value) => save({ chat: { joinByTalking: value === 'talkers' } }, words.who, whoName[value])}
      />
      {who === 'askers' && !join.enabled && (
        <p class="setting-warning small">
          <Icon name="warn" size={16} />
          {words.nobodyCan}
        </p>
      )}
      <StepSetting
        label={words.inactivity}
        note={words.inactivityNote(inTime(Math.round(chat.inactivityS / 2)))}
        value={chat.inactivityS}
        steps={SILENCES}
        show={inTime}
        onChange={(inactivityS) => save({ chat: { inactivityS } }, words.inactivity, inTime(inactivityS))}
      />
      <RangeSetting
        label={words.crowd}
        note={words.crowdNote}
        value={chat.crowdLimit}
        {...crowdLimit}
        show={String}
        onChange={(limit) => save({ chat: { crowdLimit: limit } }, words.crowd, String(limit))}
      />
      <SwitchSetting
        label={words.bubbles}
        note={words.bubblesNote}
        value={chat.bubbles}
        onChange={(bubbles) => save({ chat: { bubbles } }, words.bubbles, bubbles ? words.bubblesOn : words.bubblesOff)}
      />
    </section>
  )
}
