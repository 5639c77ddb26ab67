import { pick, type Random } from '../random.ts'
import type { DemoViewer } from './demo-viewers.ts'

/** Something that somebody might say on an ordinary evening, in their own language. */
export interface ChatLine {
  text: string
  /** Answers somebody who has just talked. */
  isAnswer?: boolean
  bits?: number
}

type Language = DemoViewer['language']

export function greet(random: Random, language: Language): ChatLine {
  return { text: pick(random, GREETINGS[language]) }
}

export function laugh(random: Random, language: Language): ChatLine {
  return { text: pick(random, LAUGHTER[language]) }
}

/** By weight: mostly small talk, now and then a command. */
export function makeUpLine(random: Random, language: Language): ChatLine {
  const kinds: readonly [number, () => ChatLine][] = [
    [30, () => ({ text: pick(random, REMARKS[language]) })],
    [14, () => ({ text: pick(random, EMOTES) })],
    [12, () => laugh(random, language)],
    [10, () => ({ text: pick(random, EMOJI) })],
    [9, () => ({ text: pick(random, QUESTIONS[language]) })],
    [8, () => ({ text: pick(random, ANSWERS[language]), isAnswer: true })],
    [6, () => greet(random, language)],
    [4, () => ({ text: random() < 0.7 ? '!join' : pick(random, ['!start', '!старт']) })],
    [1.5, () => ({ text: '!ping' })],
    [1, () => ({ text: '!help' })],
    [0.5, () => ({ text: '!look' })],
    [0.7, () => ({ text: `Cheer100 ${pick(random, ['gg', 'держи', 'for the boss fight', 'за камбэк'])}`, bits: 100 })],
  ]
  const all = kinds.reduce((sum, [weight]) => sum + weight, 0)
  let left = random() * all
  for (const [weight, make] of kinds) {
    left -= weight
    if (left < 0) return make()
  }
  return { text: pick(random, EMOJI) }
}

const GREETINGS: Record<Language, string[]> = {
  ru: [
    'всем привет!',
    'Привет 👋',
    'привет, чат',
    'здравствуйте, я снова тут',
    'Добрый вечер!',
    'приветики',
    'хай, давно начали?',
    'Здарова!',
  ],
  en: ['hi everyone', 'hello hello', 'hey chat!', 'hi 👋', 'good evening all', 'hey, just got here', 'HeyGuys', 'yo'],
}

const LAUGHTER: Record<Language, string[]> = {
  ru: ['ахахаха', 'хахаха', 'лол', 'ахах 😂', 'АХАХАХАХ', 'LUL', 'я плачу 😂😂', 'хаха, ну да'],
  en: ['hahaha', 'lol', 'LUL', 'lmao', 'haha nice', 'LUL LUL LUL', 'I am crying 😂', 'ahahaha'],
}

const EMOTES = [
  'Kappa',
  'PogChamp',
  'PogChamp PogChamp',
  'LUL',
  'NotLikeThis',
  'HeyGuys',
  'BibleThump',
  'VoHiYo',
  'ResidentSleeper',
  'SeemsGood',
  'WutFace',
  'Kreygasm',
  'это было красиво PogChamp',
  'sure Kappa',
  'nooo BibleThump',
  'ну всё FailFish',
]

const EMOJI = ['🔥', '❤️', '😂😂', '🎉🎉🎉', '👏', '🐈', '😱', '🙈', '🥳', '👍', '🫡', '🍿', '☕', '💜💜']

const REMARKS: Record<Language, string[]> = {
  ru: [
    'это было близко',
    'музыка сегодня топ',
    'кот опять на клавиатуре?',
    'я пью чай и смотрю',
    'босс вообще не читерит, ага',
    'красивый уровень',
    'у меня тут дождь, а у вас тепло',
    'мне бы такое терпение',
    'сохранись, пожалуйста',
    'слева сундук',
    'там была дверь',
    'я в прошлый раз тут застрял на час',
    'вот это прыжок',
    'человечки внизу такие милые',
    'мой уже уснул',
    'ставлю на победу',
    'ещё разок и спать',
    'завтра на работу, но кого это волнует',
    'звук отличный, спасибо',
    'мама передаёт привет',
    'спойлерить не буду, но будет весело',
    'я только с поезда, что я пропустил',
    'запишите это в клип',
    'не торопись, всё получится',
    'такое ощущение, что он нас слышит',
  ],
  en: [
    'that was close',
    'the music is so good tonight',
    'there is a chest on the left',
    'my cat is watching too',
    'this level looks gorgeous',
    'one more try, you got this',
    'I died here twenty times',
    'the little people are so cute',
    'mine fell asleep again',
    'save first!',
    'clip that',
    'perfect timing',
    'it is snowing here, cosy stream',
    'no spoilers but watch the lamp',
    'that jump was clean',
    'first time I see somebody go that way',
    'gg',
    'well played',
    'this soundtrack slaps',
    'I should be asleep',
  ],
}

const QUESTIONS: Record<Language, string[]> = {
  ru: [
    'а что за игра?',
    'сколько смертей уже?',
    'а когда следующий стрим?',
    'какая сложность?',
    'как появиться на экране?',
    'что за трек играет?',
    'сколько ещё будем?',
    'а кот где?',
  ],
  en: [
    'what game is this?',
    'how many deaths so far?',
    'what difficulty?',
    'how do I get a character?',
    'song name?',
    'is this a blind run?',
    'when is the next stream?',
    'where is the cat?',
  ],
}

const ANSWERS: Record<Language, string[]> = {
  ru: ['согласен', 'вот да', 'тоже так думаю', 'не, не так', '+1', 'именно', 'напиши !join', 'ага 😂'],
  en: ['same', 'agreed', 'true', 'nah', '+1', 'exactly', 'type !join', 'right? LUL'],
}
