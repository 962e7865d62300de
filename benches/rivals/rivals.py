"""Times rivals natively, one thread: rivals.py ONNX SOUND, a line of JSON for each stage."""

import json
import os
import statistics
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


def log_mel(_, sound):
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


for rival in [onnx_runtime, log_mel]:
    try:
        rival(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - whatever keeps a rival from running is told
        print(json.dumps({"skipped": rival.__name__, "why": str(error)}), flush=True)
