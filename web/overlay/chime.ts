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
export const CHIME_S = 2.6
/** Loudest sum of all partials stays under 1 at full volume. */
const HEADROOM = 0.22

/** Later than this after its moment a chime would only startle. */
const TOO_LATE_MS = 400

/**
 * OBS lets a page sound at once; a browser's tab does so after a click. Until then the chime stays silent, without a
 * word on the stream.
 */
export function createChime(page: Window): Chime {
  let context: AudioContext | undefined
  let cancelRest = () => {}

  return {
    ring(volume) {
      if (volume <= 0) return
      context ??= new AudioContext({ latencyHint: 'interactive' })
      const audio = context
      const askedAt = page.performance.now()
      cancelRest()
      // Before a click this stays open, and is kept at some later click that has nothing to do with it.
      void audio.resume().then(
        () => {
          if (page.performance.now() - askedAt < TOO_LATE_MS) strike(audio, audio.currentTime + 0.02, volume)
          restLater(audio)
        },
        () => {},
      )
    },
  }

  /** A running context keeps the sound thread awake; an idle overlay costs nothing. */
  function restLater(audio: AudioContext): void {
    const timer = page.setTimeout(() => void audio.suspend().catch(() => {}), (CHIME_S + 0.3) * 1_000)
    cancelRest = () => page.clearTimeout(timer)
  }
}

/** Puts the chime's tones on any audio context, to begin at its time `begin`. @param volume 0 to 1 */
export function strike(audio: BaseAudioContext, begin: number, volume: number): void {
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
      tone.stop(begin + CHIME_S)
    }
  }
}
