"""Writes the corpora that the fuzzer starts from: `python3 fuzz/corpora.py`, from the repository's root.

The beginnings of the decoder's test sounds, and the smallest model, catalogue, answer and index that are whole.
Inputs that a fuzzer found are kept beside them as found-*.
"""

import json
import math
import struct
from pathlib import Path

CORPORA = Path("fuzz/corpora")


def write(target, name, data):
    path = CORPORA / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def audio():
    for file in sorted(Path("tests/data").iterdir()):
        write("audio", file.name, file.read_bytes()[:6000])
    whole = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    samples = b"".join(struct.pack("<h", int(9000 * math.sin(n / 5))) for n in range(400))
    chunks = b"WAVEfmt " + whole + b"data" + struct.pack("<I", len(samples)) + samples
    write("audio", "whole.wav", b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    coded = struct.pack("<IHHIIHHHH", 20, 17, 1, 8000, 4055, 256, 4, 2, 505)
    chunks = b"WAVEfmt " + coded + b"data" + struct.pack("<I", 512) + bytes(range(256)) * 2
    write("audio", "adpcm.wav", b"RIFF" + struct.pack("<I", len(chunks)) + chunks)


def safetensors(metadata, tensors):
    """A file of tensors: name → (type, shape, bytes)."""
    header, data = {"__metadata__": metadata}, b""
    # Those of wide numbers come first, so that all are aligned.
    for name, (kind, shape, values) in sorted(tensors.items(), key=lambda t: (-len(t[1][2]) // math.prod(t[1][1]), t[0])):
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def half(*shape):
    count = math.prod(shape)
    return "F16", list(shape), struct.pack(f"<{count}e", *(math.sin(n) / 4 for n in range(count)))


def single(*shape):
    count = math.prod(shape)
    return "F32", list(shape), struct.pack(f"<{count}f", *(1 + n % 3 for n in range(count)))


def shipped_header(file, name):
    data = Path(file).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"][name])


def model():
    header = shipped_header("models/two-stream.safetensors", "soundalike.model")
    spectral, temporal, residual = [[1, 38]], [[1, 32]], [2, 2, 2]
    header["genres"], header["tags"] = header["genres"][:2], header["tags"][:2]
    header["sizes"].update(
        genres=2, tags=2, spectral=spectral, temporal=temporal, residual=residual, features=3, embedding=4
    )
    tensors = {"input.mean": single(96), "input.deviation": single(96)}

    def block(name, channels, weight):
        tensors[f"TwoStream.{name}.weight"] = weight
        for part in ["bias", "scale", "shift"]:
            tensors[f"TwoStream.{name}.{part}"] = single(channels)

    for at, (channels, height) in enumerate(spectral):
        block(f"spectral.{at}", channels, half(channels, 1, height, 7))
    for at, (channels, width) in enumerate(temporal):
        block(f"temporal.{at}", channels, half(channels, 1, 1, width))
    front = sum(channels for channels, _ in spectral + temporal)
    for at, (inputs, channels) in enumerate(zip([front] + residual, residual)):
        block(f"residual.{at}", channels, half(channels, inputs + 1, 1, 7))
    pooled = 2 * (front + sum(residual))
    for name, inputs, outputs in [("features", pooled, 3), ("embedding", 3, 4), ("genre", 3, 2), ("tags", 3, 2), ("music", 3, 1)]:
        tensors[f"TwoStream.{name}.weight"] = half(inputs, outputs)
        tensors[f"TwoStream.{name}.bias"] = single(outputs)
    for part in ["scale", "shift"]:
        tensors[f"TwoStream.{part}"] = single(3)
    metadata = {"soundalike.model": json.dumps(header, separators=(",", ":"))}
    write("model", "two-stream.safetensors", safetensors(metadata, tensors))
    for name in ["vector-cnn", "crnn", "resnet18"]:
        other = {**header, "architecture": name, "sizes": {"genres": 2}, "format_version": 2, "tags": []}
        metadata = {"soundalike.model": json.dumps(other, separators=(",", ":"))}
        write("model", f"no-weights-{name}.safetensors", safetensors(metadata, {"input.mean": single(1)}))


def catalog():
    header = shipped_header("models/catalog.safetensors", "soundalike.catalog")
    header["genres"], header["tags"] = header["genres"][:2], header["tags"][:2]
    columns = shipped_header("models/catalog.safetensors", "soundalike.tracks")
    columns = {name: column[:3] for name, column in columns.items()}
    metadata = {
        "soundalike.catalog": json.dumps(header, separators=(",", ":")),
        "soundalike.tracks": json.dumps(columns, separators=(",", ":")),
    }
    tensors = {
        "embeddings": half(3, 4),
        "probabilities": half(3, 2),
        "tags": ("U8", [3, 2], bytes(range(6))),
    }
    write("catalog", "three-songs.safetensors", safetensors(metadata, tensors))


def answer():
    survey = json.loads(Path("survey/config.json").read_text())
    songs = [song["id"] for song in survey["songs"]]
    base = {
        "version": 1,
        "survey": survey["id"],
        "participant": "0000-0000-0000-0000",
        "consent": {"version": survey["consent_version"], "at": "2026-01-31T12:00:00.123Z"},
        "model_sha256": survey["model"]["sha256"],
        "favourite": {"song": {"id": songs[0]}},
        "labels": [{"song": song, "opinion": ["like", "dislike", "unknown"][n % 3]} for n, song in enumerate(songs)],
        "favourites": songs[:3],
        "comment": "“plain text”",
    }
    write("answer", "song.json", json.dumps(base))
    own = {"embedding": [0.5], "probabilities": [1], "tags": [0.1], "features": {"mfcc": [1], "stft": [-1e9], "dwt": [0]}}
    write("answer", "own.json", json.dumps({**base, "favourite": {"own": own}, "labels": base["labels"][:2]}))
    survey["songs"] = survey["songs"][:3]
    write("answer", "survey.json", json.dumps(survey))
    rated = {"seed": songs[0], "song": songs[1], "rating": 5}
    sender = {name: base[name] for name in ("survey", "participant", "consent", "comment")}
    ratings = {**sender, "version": 2, "kind": "recommendations", "ratings": [rated]}
    write("answer", "ratings.json", json.dumps(ratings))
    lists = [[songs[1]], [songs[2]]]
    study = {"methods": ["cosine", "random"], "seeds": [{"song": songs[0], "recommendations": lists}]}
    write("answer", "study.json", json.dumps({**survey, "kind": "recommendations", "study": study}))


def index():
    columns = "path,set,genre,split,artist,title,album,seconds"
    rows = ["a.wav,own,blues,train,Ann,One,First,30", 'b.wav,own,jazz,test,"Bo, Bea",,,29.5']
    write("index", "index.csv", "\n".join([columns, *rows, ""]))
    more = [row + ",CC-BY-4.0,Archive,https://example.org/1" for row in rows]
    write("index", "licences.csv", "\n".join([columns + ",licence,source,link", *more, ""]))
    write("index", "wrong.csv", columns + "\na.wav,own,blues,middle,,,,\nc.wav,,,,,,,\n\"a")
    names = "chroma_stft rms spectral_centroid spectral_bandwidth rolloff zero_crossing_rate harmony perceptr".split()
    features = [f"{name}_{kind}" for name in names for kind in ["mean", "var"]] + ["tempo"]
    features += [f"mfcc{n}_{kind}" for n in range(1, 21) for kind in ["mean", "var"]]
    table = ["filename,length," + ",".join(features) + ",label"]
    for n, label in enumerate(["blues", "jazz"]):
        table.append(f"{label}.00000.wav,1," + ",".join([str(n)] * len(features)) + f",{label}")
    write("index", "features.csv", "\n".join([*table, ""]))


def tags():
    def id3(version, *frames):
        short = version == 2
        body = b""
        for name, text in frames:
            size = struct.pack(">I", len(text))
            body += name + (size[1:] if short else size + b"\0\0") + text
        length = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
        return b"ID3" + bytes([version, 0, 0]) + length + body

    two = b"One\0Two"
    ids = b"\0MusicBrainz Album Id\x005d3b2a10-1111-4222-8333-444455556666"
    v2 = id3(2, (b"TT2", b"\0Duet"), (b"TP1", b"\0" + two))
    v3 = id3(3, (b"TIT2", b"\1" + "Duet".encode("utf-16")), (b"TPE1", b"\0" + "Кино".encode("cp1251")), (b"TXXX", ids))
    v4 = id3(4, (b"TIT2", b"\3Duet"), (b"TPE1", b"\3" + two), (b"TRCK", b"\0" + b"3/12"), (b"TDRC", b"\0" + b"1991-05"))
    items = b"".join(struct.pack("<II", len(v), 0) + k + b"\0" + v for k, v in [(b"Title", b"Duet"), (b"Artist", two)])
    edge = [b"APETAGEX" + struct.pack("<IIII", 2000, len(items) + 32, 2, flags << 29) + bytes(8) for flags in (5, 4)]
    ape = edge[0] + items + edge[1]
    old = b"TAG" + b"".join(text.ljust(30, b"\0") for text in (b"Duet", two, b"Album")) + b"1991" + bytes(30) + b"\x11"
    write("tags", "id3.mp3", v4 + v2 + b"\xff\xfb\x90\0" + bytes(40) + ape + old)
    write("tags", "ape.mp3", ape + v3)

    def chunk(name, data, order="<", size="I"):
        return name + struct.pack(order + size, len(data)) + data + b"\0" * (len(data) % 2)

    info = b"INFO" + chunk(b"INAM", "Кино".encode("cp1251") + b"\0") + chunk(b"ICRD", b"1991\0")
    write("tags", "chunks.wav", b"RIFF\0\0\0\0WAVE" + chunk(b"LIST", info) + chunk(b"id3 ", v3))
    write("tags", "chunks.aiff", b"FORM\0\0\0\0AIFF" + chunk(b"NAME", b"Duet", ">") + chunk(b"ID3 ", v4, ">"))
    words = b"\0\0\0\2title\0Duet\0artist\0One\0"
    write("tags", "info.caf", b"caff\0\1\0\0" + chunk(b"info", words, ">", "Q"))
    for name in ["half.flac", "vorbis.ogg", "aac-44100.m4a"]:
        write("tags", name, Path("tests/data", name).read_bytes()[:5000])


for make in [audio, model, catalog, answer, index, tags]:
    make()
