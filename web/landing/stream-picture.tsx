import { Character } from '../ui/character.tsx'
import { GameScene } from '../ui/game-scene.tsx'
import { useFormat, useLanguage, useTexts } from '../ui/language.tsx'
import { Crowd } from './crowd.tsx'

/** What a viewer pays, in the money of his language. */
const SAMPLE_MONEY = { ru: { amount: '500.00', currency: 'RUB' }, en: { amount: '5.00', currency: 'USD' } }

/** A stream as it looks with Chatfolk: somebody donated, the crowd is there. */
export function StreamPicture() {
  const texts = useTexts().landing
  const format = useFormat()
  const { current } = useLanguage()
  return (
    <figure class="picture" role="img" aria-label={texts.stageLabel}>
      <div class="picture-screen">
        <GameScene />
        <div class="sample">
          <Character seed={83} action="cheer" height={150} tireless />
          <div class="sample-words">
            <p class="sample-who">
              {texts.sampleDonor} <span>{format.money(SAMPLE_MONEY[current.value])}</span>
            </p>
            <p>{texts.sampleWords}</p>
          </div>
        </div>
      </div>
      <Crowd />
    </figure>
  )
}
