import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import {
  CHAT_COMMANDS,
  COMMAND_PERMISSIONS,
  DEFAULT_COMMANDS,
  type ChatCommand,
  type CommandSettings,
} from '../../src/domain/chat-command.ts'
import { Icon } from '../ui/icons.tsx'
import { useTexts } from '../ui/language.tsx'
import { CommandWords } from './command-words.tsx'
import { duration } from './duration.ts'
import { useSession } from './session.ts'
import { SelectSetting } from './setting-fields.tsx'
import { useSave } from './use-save.ts'

/** Seconds between two uses worth choosing between. */
const COOLDOWNS = [0, 3, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600]

/** Every command with what it does; each unfolds what may be changed about it. */
export function CommandsCard() {
  const texts = useTexts().chat.commands
  return (
    <section class="card flush">
      <div class="card-head commands-head">
        <h2>{texts.title}</h2>
        <p class="muted small">{texts.note}</p>
      </div>
      <ul>
        {CHAT_COMMANDS.map((command) => (
          <CommandRow key={command} command={command} />
        ))}
      </ul>
    </section>
  )
}

function CommandRow({ command }: { command: ChatCommand }) {
  const texts = useTexts()
  const words = texts.chat.commands
  const name = words.names[command]
  const { saver } = useSession()
  const save = useSave()
  const id = useId()
  const open = useSignal(false)
  const settings = saver.settings.value.chat.commands[command]
  const pause = settings.cooldownS === 0 ? words.noCooldown : words.every(duration(settings.cooldownS, texts.settings))
  return (
    <li class={settings.enabled ? 'command' : 'command off'}>
      <div class="command-words">
        <h3>
          {name}
          {!settings.enabled && <span class="badge">{words.offBadge}</span>}
        </h3>
        <p class="command-calls">
          {settings.words.map((word) => (
            <code key={word}>{word}</code>
          ))}
        </p>
        <p class="muted small">{words.does[command]}</p>
        <p class="muted small">
          {capital(words.permissions[settings.permission])} · {pause}
          <button
            type="button"
            class="way-button small"
            aria-expanded={open.value}
            aria-controls={id}
            aria-label={words.editOf(name)}
            onClick={() => (open.value = !open.value)}
          >
            {words.edit}
            <Icon name="chevron" size={16} />
          </button>
        </p>
      </div>
      <input
        class="switch"
        type="checkbox"
        role="switch"
        checked={settings.enabled}
        aria-label={words.toggle(name)}
        onChange={(event) => {
          const enabled = event.currentTarget.checked
          save({ chat: { commands: { [command]: { enabled } } } }, name, enabled ? words.on : words.off)
        }}
      />
      <div id={id} class="command-fields" hidden={!open.value}>
        {open.value && <CommandFields command={command} settings={settings} />}
      </div>
    </li>
  )
}

function CommandFields({ command, settings }: { command: ChatCommand; settings: CommandSettings }) {
  const texts = useTexts()
  const words = texts.chat.commands
  const name = words.names[command]
  const { saver } = useSession()
  const save = useSave()
  const { commands } = saver.settings.value.chat
  const change = (part: Partial<CommandSettings>, field: string, value?: string) =>
    save({ chat: { commands: { [command]: part } } }, words.field(name, field), value)
  const cooldown = (seconds: number) => (seconds === 0 ? words.noCooldown : duration(seconds, texts.settings))
  const cooldowns = [...new Set([...COOLDOWNS, settings.cooldownS])].sort((a, b) => a - b)
  const standard = DEFAULT_COMMANDS[command]
  return (
    <>
      <CommandWords command={command} commands={commands} onChange={(list) => change({ words: list }, words.words)} />
      <SelectSetting
        label={words.permissionLabel}
        value={settings.permission}
        options={COMMAND_PERMISSIONS.map((value) => ({ value, label: capital(words.permissions[value]) }))}
        onChange={(value) => {
          const permission = COMMAND_PERMISSIONS.find((known) => known === value) ?? settings.permission
          change({ permission }, words.permission, words.permissions[permission])
        }}
      />
      <SelectSetting
        label={words.cooldownLabel}
        value={String(settings.cooldownS)}
        options={cooldowns.map((seconds) => ({ value: String(seconds), label: capital(cooldown(seconds)) }))}
        onChange={(value) => change({ cooldownS: Number(value) }, words.cooldown, cooldown(Number(value)))}
      />
      {!sameSettings(settings, standard) && (
        <button
          type="button"
          class="button quiet small"
          onClick={() =>
            save(
              { chat: { commands: { [command]: { ...standard, words: [...standard.words] } } } },
              name,
              words.resetTo,
            )
          }
        >
          <Icon name="replay" size={16} />
          {words.reset}
        </button>
      )}
    </>
  )
}

/** For words that stand at a beginning here and within a sentence elsewhere. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function sameSettings(one: CommandSettings, other: CommandSettings): boolean {
  return (
    one.enabled === other.enabled &&
    one.cooldownS === other.cooldownS &&
    one.permission === other.permission &&
    one.words.join(' ') === other.words.join(' ')
  )
}
