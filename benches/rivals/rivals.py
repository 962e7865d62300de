"""Times rivals natively, one thread: rivals.py ONNX SOUND, a line of JSON for each stage."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]:
    os.environ[name] = "1"

import numpy as np

SEGMENTS = 10
COUNTED = 15
WARM_UP = 0.5


def median(run, counted=COUNTED):
    begun = time.perf_counter()
    while True:
        run()
        if time.perf_counter() - begun >= WARM_UP:
            break
    times = []
    for _ in range(counted):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


def told(stage, milliseconds, by):
    print(json.dumps({"stage": stage, "milliseconds": milliseconds, "by": by}), flush=True)


def onnx_runtime(model, _):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(segments):
        size = segments * 96 * 187
        x = (np.arange(size) * 7919 % 1000 / 300).astype(np.float32).reshape(segments, 1, 96, 187)
        return median(lambda: session.run(None, {"x": x}))

    # Whichever suits it better: ten at once, or one after the other.
    milliseconds = min(run(SEGMENTS), SEGMENTS * run(1))
    told("native model", milliseconds, f"onnxruntime {onnxruntime.__version__}")


def with_librosa(_, sound):
    import librosa

    def mel(samples):
        power = librosa.feature.melspectrogram(y=samples, sr=16000, n_fft=512, hop_length=256, n_mels=96)
        return np.log10(10000 * power + 1)

    noise = np.random.default_rng(1).standard_normal(30 * 16000).astype(np.float32)
    by = f"librosa {librosa.__version__}"
    told("native log-mel", median(lambda: mel(noise)), by)
    # Three times are enough for what takes seconds.
    whole = lambda: mel(librosa.load(sound, sr=16000)[0])
    told("native file to log-mel", median(whole, counted=3), by)


def essentia_and_ffmpeg(_, sound):
    import essentia
    import essentia.standard

    if shutil.which("ffmpeg") is None:
        raise RuntimeError("ffmpeg is not installed")
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", sound, "-ac", "1", "-ar", "16000", "-f", "f32le", "-"]
    # The features of MusiCNN: frames of 512 samples, 96 bands, log10(10000 x + 1). Faster than its streaming mode, and
    # than window, spectrum and bands one after the other.
    bands = essentia.standard.TensorflowInputMusiCNN()

    def mel(samples):
        return [bands(frame) for frame in essentia.standard.FrameGenerator(samples, 512, 256)]

    def whole():
        decoded = subprocess.run(command, check=True, capture_output=True).stdout
        return mel(np.frombuffer(decoded, dtype=np.float32))

    version = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout.split()[2]
    by = f"ffmpeg {version.split('-')[0]} + essentia {essentia.__version__}"
    # Once is enough for what takes so long: there are several rounds.
    told("native file to log-mel", median(whole, counted=1), by)


ROWS, DIMENSIONS, NEAREST = 1_000_000, 128, 10


def search(_, __):
    rows = np.random.default_rng(1).standard_normal((ROWS, DIMENSIONS), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    query = rows[ROWS // 2]

    def by_numpy():
        scores = rows @ query
        best = np.argpartition(scores, -NEAREST)[-NEAREST:]
        return best[np.argsort(-scores[best])]

    assert by_numpy()[0] == ROWS // 2
    told("native search", median(by_numpy), f"NumPy {np.__version__}")

    import usearch
    import usearch.index

    def by_usearch():
        return usearch.index.search(rows, query, NEAREST, usearch.index.MetricKind.IP, exact=True, threads=1)

    assert by_usearch().keys[0] == ROWS // 2
    told("native search", median(by_usearch), f"usearch {usearch.__version__}")


for rival in [onnx_runtime, with_librosa, essentia_and_ffmpeg, search]:
    try:
        rival(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - whatever keeps a rival from running is told
        print(json.dumps({"skipped": rival.__name__.replace("_", " "), "why": str(error)}), flush=True)
