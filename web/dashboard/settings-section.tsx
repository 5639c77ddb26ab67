import { SETTING_LIMITS } from '../../src/domain/settings.ts'
import { useTexts } from '../ui/language.tsx'
import { BlockedWords } from './blocked-words.tsx'
import { useSession } from './session.ts'
import { ChoiceSetting, RangeSetting, SelectSetting, SwitchSetting } from './setting-fields.tsx'
import { useSave } from './use-save.ts'

/** Minutes that a donation may wait for OBS. */
const AGES = [5, 15, 30, 60, 180, 1_440]

/** Each change is sent at once; the toast that says so can take it back. */
export function SettingsSection() {
  const texts = useTexts()
  const { saver } = useSession()
  const save = useSave()
  const words = texts.settings
  const { locale, alerts } = saver.settings.value
  const switched = (on: boolean) => (on ? texts.common.on : texts.common.off)
  const ages = AGES.includes(alerts.maxAgeMinutes ?? 5)
    ? AGES
    : [...AGES, alerts.maxAgeMinutes ?? 5].sort((a, b) => a - b)
  return (
    <div class="stack">
      <div>
        <h1>{words.title}</h1>
        <p class="muted">{words.note}</p>
      </div>
      <section class="card settings">
        <h2>{words.stage}</h2>
        <ChoiceSetting
          label={words.locale}
          note={words.localeNote}
          value={locale}
          options={[
            { value: 'ru', label: texts.language.ru },
            { value: 'en', label: texts.language.en },
          ]}
          onChange={(value) => save({ locale: value }, words.locale, texts.language[value])}
        />
      </section>
      <section class="card settings">
        <h2>{words.alerts}</h2>
        <RangeSetting
          label={words.duration}
          note={words.durationNote}
          value={alerts.durationS}
          {...SETTING_LIMITS.durationS}
          show={words.seconds}
          onChange={(durationS) => save({ alerts: { durationS } }, words.duration, words.seconds(durationS))}
        />
        <SwitchSetting
          label={words.sound}
          note={words.soundNote}
          value={alerts.sound}
          onChange={(sound) => save({ alerts: { sound } }, words.sound, switched(sound))}
        />
        <RangeSetting
          label={words.volume}
          value={alerts.volume}
          {...SETTING_LIMITS.volume}
          show={words.percent}
          disabled={!alerts.sound}
          onChange={(volume) => save({ alerts: { volume } }, words.volume, words.percent(volume))}
        />
        <SelectSetting
          label={words.maxAge}
          note={words.maxAgeNote}
          value={alerts.maxAgeMinutes === null ? '' : String(alerts.maxAgeMinutes)}
          options={[
            { value: '', label: words.never },
            ...ages.map((minutes) => ({ value: String(minutes), label: age(minutes) })),
          ]}
          onChange={(value) => {
            const maxAgeMinutes = value === '' ? null : Number(value)
            save({ alerts: { maxAgeMinutes } }, words.maxAge, maxAgeMinutes === null ? words.never : age(maxAgeMinutes))
          }}
        />
      </section>
      <section class="card settings">
        <h2>{words.safety}</h2>
        <SwitchSetting
          label={words.hideLinks}
          note={words.hideLinksNote}
          value={alerts.hideLinks}
          onChange={(hideLinks) => save({ alerts: { hideLinks } }, words.hideLinks, switched(hideLinks))}
        />
        <BlockedWords
          words={alerts.blockedWords}
          onChange={(blockedWords) => save({ alerts: { blockedWords } }, words.blockedWords)}
        />
      </section>
    </div>
  )

  function age(minutes: number): string {
    if (minutes % 1_440 === 0) return words.age(words.days(minutes / 1_440))
    if (minutes % 60 === 0) return words.age(words.hours(minutes / 60))
    return words.age(words.minutes(minutes))
  }
}
