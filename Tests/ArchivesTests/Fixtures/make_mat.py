"""Writes the MAT fixtures and the hostile ones of the fuzzer; needs NumPy and SciPy."""
import struct, zlib
from pathlib import Path
import numpy as np
import scipy.io as sio

here = Path(__file__).parent
corpus = here.parent.parent / "microtome-fuzzTests" / "Corpus"
inst = np.add.outer(10 * np.arange(4), np.arange(3))  # row 2, column 1 is 21
sio.savemat(here / "consep.mat", {
    "inst_map": inst.astype("float64"), "type_map": (inst % 8).astype("float64"),
    "inst_type": np.arange(1, 8)[:, None].astype("float64"),
    "inst_centroid": np.arange(14).reshape(7, 2) / 4}, do_compression=True)
sio.savemat(here / "plain.mat", {"inst_map": inst.astype("int32"), "v": np.zeros((1, 1))})
kinds = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bool"]
sio.savemat(here / "kinds.mat", {k: np.array([[1, 0, 1]]).astype(k) for k in kinds} | {
    "cells": np.array(["a", "b"], dtype=object), "structure": {"a": 1}, "text": "a", "complex": np.array([1 + 2j]),
    "deep": np.zeros((2, 2, 2)), "half": np.array([[0.5]])}, do_compression=True)

header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def variable(shape, data, name=b"inst_map"):
    return element(14, element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
                   + element(1, name) + data)


def squeezed(raw):
    data = zlib.compress(raw, 9)
    return struct.pack("<II", 15, len(data)) + data


out = corpus / "mat"
out.mkdir(exist_ok=True)
(out / "40000x40000.mat").write_bytes(header + variable((40000, 40000), element(9, b"")))
(out / "past-the-word.mat").write_bytes(header + variable((2**31 - 1,) * 6, element(9, b"")))
(out / "inflating.mat").write_bytes(header + squeezed(variable((200, 200), element(9, bytes(320_000)))))
(out / "no-variable-inside.mat").write_bytes(header + squeezed(squeezed(variable((1, 1), element(9, bytes(8))))))

tiffs = corpus / "tiff"
tiffs.mkdir(exist_ok=True)
for side in (16384, 40000):
    tags = [(256, side), (257, side), (258, 8), (259, 5), (262, 1), (273, 8), (277, 1), (278, side), (279, 8)]
    ifd = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", t, 4, 1, n) for t, n in tags) + b"\0" * 4
    (tiffs / f"{side}x{side}.tif").write_bytes(b"II*\0" + struct.pack("<I", 16) + bytes(8) + ifd)
