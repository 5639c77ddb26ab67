/** The alert's sound: synthesised, so that nothing has to be loaded and nothing can be missing. */
export interface Chime {
  /** @param volume 0 to 1 */
  ring(volume: number): void
}

/** A rising major chord with its octave: glad, short, out of a voice's way. Hertz and seconds. */
const NOTES = [
  { pitch: 659.26, at: 0 },
  { pitch: 830.61, at: 0.09 },
  { pitch: 987.77, at: 0.18 },
  { pitch: 1318.51, at: 0.3 },
] as const
/** Partials of a small bell: ratio to the note, loudness, seconds to fade by a factor of e. */
const PARTIALS = [
  { ratio: 1, gain: 1, decay: 0.5 },
  { ratio: 2, gain: 0.32, decay: 0.32 },
  { ratio: 3.01, gain: 0.14, decay: 0.18 },
  { ratio: 5.43, gain: 0.07, decay: 0.08 },
] as const
const LENGTH_S = 2.6
/** Loudest sum of all partials stays under 1 at full volume. */
const HEADROOM = 0.22

/**
 * OBS lets a page sound at once; a browser's tab waits for a click. Until then the chime stays silent, without a word
 * on the stream.
 */
export function createChime(page: Pick<Window, 'addEventListener' | 'removeEventListener'>): Chime {
  let context: AudioContext | undefined
  const wake = () => void context?.resume().catch(() => {})
  page.addEventListener('pointerdown', wake)
  page.addEventListener('keydown', wake)

  return {
    ring(volume) {
      if (volume <= 0 || typeof AudioContext === 'undefined') return
      context ??= new AudioContext({ latencyHint: 'interactive' })
      const audio = context
      void audio
        .resume()
        .catch(() => {})
        // A promise that was kept only after a later click would ring long after its alert.
        .then(() => audio.state === 'running' && sound(audio, volume))
    },
  }
}

function sound(audio: AudioContext, volume: number): void {
  const begin = audio.currentTime + 0.02
  const master = audio.createGain()
  // Ears hear loudness as a power of amplitude: half way on the slider should sound half as loud.
  master.gain.value = HEADROOM * Math.min(volume, 1) ** 1.6
  master.connect(audio.destination)
  for (const { pitch, at } of NOTES) {
    for (const { ratio, gain, decay } of PARTIALS) {
      const tone = audio.createOscillator()
      const loudness = audio.createGain()
      tone.frequency.value = pitch * ratio
      loudness.gain.setValueAtTime(0, begin + at)
      loudness.gain.linearRampToValueAtTime(gain, begin + at + 0.006)
      loudness.gain.setTargetAtTime(0, begin + at + 0.006, decay)
      tone.connect(loudness).connect(master)
      tone.start(begin + at)
      tone.stop(begin + LENGTH_S)
    }
  }
  // A running context keeps the sound thread awake; an idle overlay costs nothing.
  setTimeout(() => void audio.suspend().catch(() => {}), (LENGTH_S + 0.3) * 1_000)
}
