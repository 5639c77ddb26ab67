import './game-scene.css'

/** A made-up platform game, drawn with boxes: something to see an overlay on. */
export function GameScene() {
  return (
    <div class="game" aria-hidden="true">
      <i class="game-moon" />
      <i class="game-cloud one" />
      <i class="game-cloud two" />
      <i class="game-hill far" />
      <i class="game-hill near" />
      <i class="game-ground" />
      <i class="game-block one" />
      <i class="game-block two" />
      <i class="game-block three" />
      <i class="game-coin one" />
      <i class="game-coin two" />
      <i class="game-coin three" />
      <i class="game-bar" />
    </div>
  )
}
