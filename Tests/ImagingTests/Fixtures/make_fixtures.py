"""Writes the image fixtures and expected.json; needs Pillow, NumPy and tifffile with imagecodecs.

PNG files are written here by hand, because Pillow writes neither every bit depth nor interlacing.
What they hold is checked with Pillow's decoder where it keeps all bits. `crop.png` and its mask are
cut from image CROP of the 2018 Data Science Bowl (BBBC038, CC0); give its folder as the argument.
"""
import hashlib, io, json, struct, sys, zlib
from pathlib import Path
import numpy as np
import tifffile
from PIL import Image

here = Path(__file__).parent
expected = {}


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pack(row, depth):
    """One row [w, c] as bytes."""
    if depth == 16:
        return row.astype(">u2").tobytes()
    if depth == 8:
        return row.astype("u1").tobytes()
    bits = "".join(format(int(v), f"0{depth}b") for v in row.reshape(-1))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def scanlines(a, depth):
    if a.shape[0] == 0 or a.shape[1] == 0:
        return b""
    return b"".join(b"\0" + pack(row, depth) for row in a)


def png(a, depth, kind, interlaced=False, extra=b""):
    h, w = a.shape[:2]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b"".join(scanlines(a[y::dy, x::dx], depth) for x, y, dx, dy in passes) if interlaced else scanlines(a, depth)
    head = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw, 9))
            + chunk(b"IEND", b""))


def sha(a, dtype):
    return hashlib.sha256(np.ascontiguousarray(a).astype(dtype).tobytes()).hexdigest()


def put(name, data, rgb, labels):
    """rgb [h, w, 3] of 8 bits or None; labels [h, w] or None."""
    (here / name).write_bytes(data)
    entry = {}
    if rgb is not None:
        entry["rgb"] = sha(rgb, "u1")
        read = Image.open(here / name)
        if not (read.mode.startswith("I") or name.startswith(("rgb16", "rgba16", "grey_alpha16"))):
            assert (np.array(read.convert("RGBA").convert("RGB")) == rgb).all(), name
    if labels is not None:
        entry["labels"] = sha(labels, "<u2")
    if rgb is not None:
        entry["width"], entry["height"] = int(rgb.shape[1]), int(rgb.shape[0])
    expected[name] = entry


def grey3(a):
    return np.repeat(a[..., None], 3, axis=2)


def eight(a):
    return (a.astype(int) + 128) // 257


rng = np.random.default_rng(5)
H, W = 11, 13
for depth in (1, 2, 4, 8, 16):
    v = rng.integers(0, 1 << depth, (H, W))
    shown = eight(v) if depth == 16 else v * (255 // ((1 << depth) - 1))
    for interlaced in (False, True):
        put(f"grey{depth}{'_interlaced' if interlaced else ''}.png",
            png(v[..., None], depth, 0, interlaced), grey3(shown), v)
for depth in (1, 2, 4, 8):
    count = min(1 << depth, 200)
    palette = rng.integers(0, 256, (count, 3))
    v = rng.integers(0, count, (H, W))
    plte = chunk(b"PLTE", palette.astype("u1").tobytes())
    trns = chunk(b"tRNS", bytes([0, 90]))
    for suffix, interlaced, extra in (("", False, plte), ("_interlaced", True, plte), ("_trns", False, plte + trns)):
        put(f"palette{depth}{suffix}.png", png(v[..., None], depth, 3, interlaced, extra), palette[v], v)
for depth in (8, 16):
    v = rng.integers(0, 1 << depth, (H, W, 4))
    to8 = eight if depth == 16 else (lambda a: a)
    put(f"rgb{depth}.png", png(v[..., :3], depth, 2), to8(v[..., :3]), None)
    put(f"rgba{depth}.png", png(v, depth, 6), to8(v[..., :3]), None)
    put(f"rgb{depth}_interlaced.png", png(v[..., :3], depth, 2, True), to8(v[..., :3]), None)
    put(f"grey_alpha{depth}.png", png(v[..., :2], depth, 4), grey3(to8(v[..., 0])), v[..., 0])
v = rng.integers(0, 256, (H, W, 3))
gamma = chunk(b"gAMA", struct.pack(">I", 100000))
broken = chunk(b"iCCP", b"profile\0\0" + b"not deflate")
put("rgb8_gamma.png", png(v, 8, 2, extra=gamma), v, None)
put("rgb8_broken_profile.png", png(v, 8, 2, extra=broken), v, None)
put("rgb8_trns.png", png(v, 8, 2, extra=chunk(b"tRNS", struct.pack(">HHH", *v[0, 0]))), v, None)
m = rng.integers(0, 2, (H, W)) * 255
rgba_mask = np.dstack([grey3(m), np.full((H, W), 255)])
put("mask_rgba.png", png(rgba_mask, 8, 6), grey3(m), m)


def bmp(rows, bits, palette=b"", header=40, top_down=False, compression=0, masks=b"", w=W, h=H):
    stride = (w * bits + 31) // 32 * 4
    body = b"".join(r.ljust(stride, b"\0") for r in (rows if top_down else rows[::-1]))
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, w, -h if top_down else h, 1, bits, compression, len(body), 2835,
                           2835, 0, 0) + (masks if header == 40 else masks.ljust(header - 40, b"\0"))
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + info + palette + body


rgb = rng.integers(0, 256, (H, W, 3))
bgr = [row[:, ::-1].astype("u1").tobytes() for row in rgb]
bgra = [np.concatenate([row[:, ::-1], np.full((W, 1), 255)], 1).astype("u1").tobytes() for row in rgb]
channels = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
put("bmp24.bmp", bmp(bgr, 24), rgb, None)
put("bmp24_top_down.bmp", bmp(bgr, 24, top_down=True), rgb, None)
put("bmp24_core.bmp", bmp(bgr, 24, header=12), rgb, None)
put("bmp32.bmp", bmp(bgra, 32), rgb, None)
put("bmp32_masks.bmp", bmp(bgra, 32, compression=3, masks=channels[:12]), rgb, None)
put("bmp32_v5.bmp", bmp(bgra, 32, header=124, compression=3, masks=channels), rgb, None)
for bits in (1, 4, 8):
    count = 1 << bits
    palette = rng.integers(0, 256, (count, 3))
    v = rng.integers(0, count, (H, W))
    quads = b"".join(bytes(map(int, c[::-1])) + b"\0" for c in palette)
    rows = [pack(row, bits) for row in v]
    put(f"bmp{bits}.bmp", bmp(rows, bits, quads), palette[v], v)
    put(f"bmp{bits}_top_down.bmp", bmp(rows, bits, quads, top_down=True), palette[v], v)
put("bmp_mask24.bmp", bmp([grey3(m)[y].astype("u1").tobytes() for y in range(H)], 24), grey3(m), m)



def tiff(a, **settings):
    file = io.BytesIO()
    tifffile.imwrite(file, a, metadata=None, software="", **settings)
    return file.getvalue()


def put_tiff(name, a, rgb, labels, **settings):
    data = tiff(a, **settings)
    assert (tifffile.imread(io.BytesIO(data)) == a).all(), name
    (here / name).write_bytes(data)
    entry = {"height": int(a.shape[-3] if a.ndim == 3 and a.shape[-1] <= 4 else a.shape[-2])}
    entry["width"] = int(a.shape[-2] if a.ndim == 3 and a.shape[-1] <= 4 else a.shape[-1])
    if rgb is not None:
        entry["rgb"] = sha(rgb, "u1")
    if labels is not None:
        entry["labels"] = sha(labels, "<u2")
    expected[name] = entry


# Their own stream, so that the files above stay as they are.
rng = np.random.default_rng(6)
rgb = rng.integers(0, 256, (21, 19, 3)).astype("u1")
rgba = np.dstack([rgb, rng.integers(0, 256, (21, 19)).astype("u1")])
for name, settings in {
    "none": {}, "lzw": {"compression": "lzw"}, "packbits": {"compression": "packbits"},
    "deflate": {"compression": "zlib", "predictor": True}, "strips": {"rowsperstrip": 4},
    "tiles": {"tile": (16, 16), "compression": "lzw"}, "big_endian": {"byteorder": ">"},
    "big": {"bigtiff": True},
}.items():
    put_tiff(f"tiff_rgb8_{name}.tif", rgb, rgb, None, photometric="rgb", **settings)
put_tiff("tiff_rgba8.tif", rgba, rgb, None, photometric="rgb", extrasamples=["unassalpha"], compression="lzw")
put_tiff("tiff_planar.tif", np.ascontiguousarray(rgb.transpose(2, 0, 1)), rgb, None, photometric="rgb",
         planarconfig="separate", rowsperstrip=5)
expected["tiff_planar.tif"].update(width=19, height=21)
wide = rng.integers(0, 1 << 16, (21, 19, 3)).astype("u2")
put_tiff("tiff_rgb16.tif", wide, eight(wide), None, photometric="rgb", byteorder=">", compression="zlib")
for bits in (8, 16):
    v = rng.integers(0, 1 << bits, (21, 19)).astype(f"u{bits // 8}")
    shown = grey3(eight(v) if bits == 16 else v)
    put_tiff(f"tiff_grey{bits}.tif", v, shown, v, photometric="minisblack", compression="lzw", rowsperstrip=8)
put_tiff("tiff_white8.tif", v8 := rng.integers(0, 256, (21, 19)).astype("u1"), grey3(255 - v8), v8,
         photometric="miniswhite")
l32 = rng.integers(0, 1 << 16, (21, 19)).astype("u4")
put_tiff("tiff_labels32.tif", l32, None, l32, photometric="minisblack")
colours = rng.integers(0, 256, (3, 256))
index = rng.integers(0, 256, (21, 19)).astype("u1")
put_tiff("tiff_palette8.tif", index, colours.T[index], index, photometric="palette",
         colormap=(colours * 257).astype("u2"))
for bits in (1, 2, 4):
    v = rng.integers(0, 1 << bits, (11, 13))
    packed = b"".join(pack(row, bits) for row in v)
    # tifffile writes neither 2 nor 4 bits; baseline by hand: width, height, bits, none, black, offset, 1, rows, count.
    tags = [(256, 13), (257, 11), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1), (278, 11), (279, len(packed))]
    body = packed + b"\0" * (len(packed) % 2)
    ifd = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", t, 4, 1, n) for t, n in tags) + b"\0" * 4
    (here / f"tiff_grey{bits}.tif").write_bytes(b"II*\0" + struct.pack("<I", 8 + len(body)) + body + ifd)
    expected[f"tiff_grey{bits}.tif"] = {
        "rgb": sha(grey3(v * (255 // ((1 << bits) - 1))), "u1"), "labels": sha(v, "<u2"), "width": 13, "height": 11}

CROP = "4193474b2f1c72f735b13633b219d9cabdd43c21d9c2bb4dfc4809f104ba4c06"
if len(sys.argv) > 1:
    folder = Path(sys.argv[1])
    box = (176, 208, 224, 248)
    image = Image.open(next((folder / "images").glob("*.png"))).crop(box)
    assert image.mode == "RGBA"
    image.save(here / "crop.png")
    total = np.zeros((40, 48), int)
    for mask in sorted((folder / "masks").glob("*.png")):
        total = np.maximum(total, np.array(Image.open(mask).crop(box).convert("L")))
    Image.fromarray(total.astype("u1")).save(here / "crop_mask.png")
for name in ("crop.png", "crop_mask.png"):
    read = Image.open(here / name)
    put(name, (here / name).read_bytes(), np.array(read)[..., :3] if read.mode == "RGBA" else grey3(np.array(read)),
        np.array(read) if read.mode == "L" else None)
(here / "expected.json").write_text(json.dumps(expected, indent=0, sort_keys=True) + "\n")
