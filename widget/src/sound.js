/** A soft two-tone sound, made here: no file to fetch. */
let audio = null;

export function ping() {
  try {
    audio ??= new AudioContext();
    [[660, 0], [880, 0.09]].forEach(([pitch, after]) => tone(pitch, audio.currentTime + after));
  } catch {
    // No audio device: the badge says the same.
  }
}

function tone(pitch, at) {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = pitch;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.06, at + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.25);
}
