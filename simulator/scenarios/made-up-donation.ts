import type { Donate } from '../donationalerts/donations.ts'
import { pick, type Random } from '../random.ts'

/** Somebody's donation on an ordinary evening: mostly roubles, mostly few, in Russian more often than in English. */
export function makeUpDonation(random: Random): Donate {
  const { currency, amounts } = pick(random, PURSES)
  return {
    username: random() < 0.12 ? null : pick(random, DONORS),
    message: random() < 0.1 ? '' : random() < 0.07 ? pick(random, LONG_MESSAGES) : pick(random, MESSAGES),
    amount: pick(random, amounts),
    currency,
  }
}

const ROUBLES = {
  currency: 'RUB',
  amounts: [50, 50, 100, 100, 100, 150, 200, 200, 300, 500, 500, 777, 1000, 1500, 5000],
}
const PURSES = [
  ROUBLES,
  ROUBLES,
  ROUBLES,
  ROUBLES,
  ROUBLES,
  ROUBLES,
  ROUBLES,
  { currency: 'USD', amounts: [1, 2, 3, 5, 5, 10, 4.2, 25] },
  { currency: 'EUR', amounts: [1, 2, 5, 7.5, 10, 20] },
  { currency: 'KZT', amounts: [500, 1000, 2000, 2500, 10_000] },
  { currency: 'BYN', amounts: [3, 5, 10, 12.5] },
  { currency: 'TRY', amounts: [50, 100, 250] },
  { currency: 'BRL', amounts: [10, 25, 50.5] },
]

const DONORS = [
  'Аня',
  'Кот Борис',
  'Дядя Фёдор',
  'МаринаИгрок',
  'НочнойДозор',
  'Серёга из Тулы',
  'Тётя Люда',
  'ёжик_в_тумане',
  'Просто Паша',
  'Лис 🦊',
  'Бабушка Зина',
  'Капитан Врунгель',
  'Мандарин',
  'Соня',
  'xX_DimaPro_Xx',
  'PixelPanda',
  'Mike from Ohio',
  'Lumi',
  'grumpy_otter',
  'Kate',
  'Señor Bean',
  'NoSleepTillBoss',
  'tea&biscuits',
  'Zoë',
]

const MESSAGES = [
  'Привет! Первый раз на стриме, уже нравится 😊',
  'Держи на кофе ☕',
  'Удачи с боссом! Он боится огня 🔥',
  'Спасибо за уютные вечера ❤️',
  'Поздравь Катю с днём рождения, пожалуйста! 🎂',
  'Это тебе за тот камбэк в третьем раунде',
  'Когда снова хоррор? 👻',
  'Мы с котом смотрим и мурчим 🐈',
  'Чат, привет! 👋',
  'На новый микрофон!',
  'Я обещал, если пройдёшь с первого раза. Прошёл!',
  'А спеть? 🎤',
  'Передавай привет маме',
  'Не сдавайся, осталось чуть-чуть!',
  'Лучший стрим на этой неделе. А сегодня понедельник 😄',
  'Купи уже себе нормальный стул',
  'лол',
  'Задонатил с обеденных, мама не знает 🤫',
  'Hi from Canada! Learning Russian with you 🇨🇦',
  'That last jump was insane!!!',
  'For snacks 🍕🍕🍕',
  'gg wp',
  'First time donating, love the little characters on screen!',
  'Greetings from a night shift, you keep me awake',
  'Can you say hi to my dog Pickles? 🐶',
  'Take my money and play one more round',
  '🎉🎉🎉🎉🎉',
  '👨‍👩‍👧‍👦 смотрим всей семьёй',
  'Сколько будет 2 + 2 * 2? Победителю ещё столько же',
  '<b>жирный</b> привет & "кавычки"',
]

const LONG_MESSAGES = [
  'Давно смотрю в записи, а тут впервые попал на прямой эфир. Хочу сказать спасибо: в прошлом году, когда было совсем тяжело, твои стримы очень помогали отвлечься. Мы с друзьями даже завели традицию собираться по пятницам и смотреть вместе. Не меняйся, береги горло, пей чай с мёдом и обязательно доиграй ту игру про маяк, мы ждём концовку! 🌊🗼',
  'Okay so here is my theory: the old man in chapter two is actually the lighthouse keeper, the cat has known it all along, and every time you pick up a shell the tide gets a little higher. If I am right you owe me one extra hour of stream on Sunday, and if I am wrong I will donate the same sum again. Deal? Chat is my witness! 🐚🐈',
  'Стих собственного сочинения. Стример сел за микрофон, в чате сразу гул и звон: кто-то просит новый бой, кто-то песню под гитарой, кто-то просто шлёт привет, сотый раз за пару лет. А я кину пару сот, пусть удача подрастёт, пусть босс ляжет с двух ударов и не будет больше лагов! Всем добра и ровного пинга! ✨',
]
