"""Reads a model file."""

import json
import struct

import numpy as np

BANDS, FRAMES = 96, 187


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    types = {"F16": np.float16, "F32": np.float32}
    sizes = json.loads(header.pop("__metadata__")["soundalike.model"])
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + begin : 8 + length + end], types[entry["dtype"]])
        arrays[name.removeprefix("TwoStream.")] = values.reshape(entry["shape"]).astype(np.float32)
    return sizes, arrays
