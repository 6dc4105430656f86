"""Writes tiny datasets in the layouts of the published ones; needs NumPy, SciPy, Pillow and tifffile.

Pixels are made here and of nobody. Every image shows the same five squares, shifted by the image's number, so
that no two are equal and the tests know what is where.
"""
import io, shutil, sys
from pathlib import Path
import numpy as np
import scipy.io as sio
import tifffile
from PIL import Image

here = Path(__file__).parent
S = 24


def picture(k):
    """Pixels [S, S, 3] and ids [S, S]: five squares of 4 x 4; 2 and 3 touch."""
    ids = np.zeros((S, S), int)
    for i, (y, x) in enumerate([(1, 1), (1, 10), (5, 10), (12, 2), (14, 14)], 1):
        ids[y:y + 4, x + k:x + k + 4] = i
    image = np.full((S, S, 3), 225, "u1")
    image[ids > 0] = [110, 70, 150]
    image[..., 2] -= np.arange(S, dtype="u1")
    return image, ids


# Published class of object i.
TYPES = np.array([0, 1, 2, 3, 4, 5])


def put(path, data):
    path = here / path
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    elif isinstance(data, str):
        path.write_text(data)
    else:
        Image.fromarray(data).save(path, optimize=True)


def mat(path, **variables):
    path = here / path
    path.parent.mkdir(parents=True, exist_ok=True)
    sio.savemat(path, variables, do_compression=True)


for name in ["crag", "monuseg", "kumar", "cpm15", "cpm17", "consep", "tnbc", "pannuke", "lizard", "dsb2018", "nucls"]:
    shutil.rmtree(here / name, ignore_errors=True)

# CRAG: gland numbers in a PNG.
for k, (split, name) in enumerate([("train", "train_1"), ("train", "train_2"), ("valid", "test_1")]):
    image, ids = picture(k)
    put(f"crag/{split}/Images/{name}.png", image)
    put(f"crag/{split}/Annotation/{name}.png", ids.astype("u1"))
    put(f"crag/{split}/Overlay/{name}.png", image)


# MoNuSeg: TIFF and Aperio XML.
def aperio(polygons, attribute=' MicronsPerPixel="0.252000"'):
    regions = "".join(
        f'<Region Id="{i}" Type="0"><Attributes/><Vertices>'
        + "".join(f'<Vertex X="{x}" Y="{y}"/>' for x, y in p) + "</Vertices></Region>"
        for i, p in enumerate(polygons, 1))
    return (f'<Annotations{attribute}><Annotation Id="1"><Regions><RegionAttributeHeaders>'
            f'<AttributeHeader Id="9999" Name="Region"/></RegionAttributeHeaders>{regions}</Regions></Annotation>'
            "</Annotations>")


square = [(2, 2), (8, 2), (8, 8), (2, 8)]
over = [(6.4, 4.4), (12.6, 4.4), (12.6, 7), (6.4, 7)]  # covers the square's right side; centres 6.5 to 12.5, 4.5 to 6.5
outside = [(20, 20), (40, 20), (40, 40), (20, 40)]
line = [(3, 15), (9, 15)]
training = "MoNuSeg 2018 Training Data"
for k, (name, where, packing) in enumerate([
    ("TCGA-B0-5698-01Z-00-DX1", (f"{training}/Tissue Images", f"{training}/Annotations"), "lzw"),
    ("TCGA-B0-5710-01Z-00-DX1", (f"{training}/Tissue Images", f"{training}/Annotations"), "lzw"),
    ("TCGA-B0-5698-01A-01-TS1", ("MoNuSegTestData", "MoNuSegTestData"), "packbits"),
]):
    file = io.BytesIO()
    tifffile.imwrite(file, picture(k)[0], compression=packing, photometric="rgb", metadata=None, software="")
    put(f"monuseg/{where[0]}/{name}.tif", file.getvalue())
    put(f"monuseg/{where[1]}/{name}.xml",
        aperio([square, over, outside, line][:4 if k == 0 else 2], "" if k == 1 else ' MicronsPerPixel="0.252000"'))

# HoVer-Net's copies: MAT.
for k, (split, name) in enumerate([
    ("train", "TCGA-18-5592-01Z-00-DX1"), ("test_same", "TCGA-21-5784-01Z-00-DX1"), ("test_diff", "TCGA-AY-A8YK-01A-01-TS1"),
]):
    image, ids = picture(k)
    file = io.BytesIO()
    tifffile.imwrite(file, image, photometric="rgb", compression="zlib", metadata=None, software="")
    put(f"kumar/{split}/Images/{name}.tif", file.getvalue())
    mat(f"kumar/{split}/Labels/{name}.mat", inst_map=(ids * 7).astype("int32"))  # numbers with gaps
image, ids = picture(0)
put("cpm15/Images/image_00.png", image)
mat("cpm15/Labels/image_00.mat", inst_map=ids.astype("float64"))
for k, split in enumerate(["train", "test"]):
    image, ids = picture(k)
    put(f"cpm17/{split}/Images/image_00.png", image)
    mat(f"cpm17/{split}/Labels/image_00.mat", inst_map=ids.astype("float64"))
for k, (split, name) in enumerate([("Train", "train_1"), ("Test", "test_1")]):
    image, ids = picture(k)
    put(f"consep/{split}/Images/{name}.png", image)
    put(f"consep/{split}/Overlay/{name}.png", image)
    types = np.array([0, 1, 2, 3, 4, 7])[ids]
    types[12, 2 + k] = 6  # one pixel of object 4: the majority decides
    mat(f"consep/{split}/Labels/{name}.mat", inst_map=ids.astype("float64"), type_map=types.astype("float64"),
        inst_type=np.array([[1], [2], [3], [4], [7]], "float64"), inst_centroid=np.zeros((5, 2)))

# TNBC: binary masks; the second image is RGBA.
for k, (slide, name) in enumerate([("01", "01_1"), ("01", "01_2"), ("02", "02_1")]):
    image, ids = picture(k)
    put(f"tnbc/Slide_{slide}/{name}.png", np.dstack([image, np.full((S, S), 255, "u1")]) if k == 1 else image)
    put(f"tnbc/GT_{slide}/{name}.png", ((ids > 0) * 255).astype("u1"))
put("tnbc/__MACOSX/Slide_01/._01_1.png", b"\0\5\26\7")

# PanNuke: two small folds, 10 x 10; channels 0 and 4 overlap in fold 1.
for fold, count in [(1, 2), (2, 1)]:
    images = np.zeros((count, 10, 10, 3))
    masks = np.zeros((count, 10, 10, 6))
    for k in range(count):
        images[k] = picture(k + 2 * fold)[0][:10, :10]
    masks[0, 1:4, 1:4, 0] = 1
    masks[0, 6:9, 1:4, 0] = 2
    masks[0, 3:6, 3:6, 4] = 7
    masks[..., 5] = masks[..., :5].max(-1) == 0
    for path, array in [(f"images/fold{fold}/images", images), (f"masks/fold{fold}/masks", masks),
                        (f"images/fold{fold}/types", np.array(["Breast", "Adrenal_gland"][:count], "<U13"))]:
        file = here / f"pannuke/Fold {fold}/{path}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, array)

# Lizard: row k of `class` belongs to the nucleus id[k].
rows = []
for k, (folder, name) in enumerate([("lizard_images1/Lizard_Images1", "consep_1"), ("lizard_images2/Lizard_Images2", "glas_2")]):
    image, ids = picture(k)
    put(f"lizard/{folder}/{name}.png", image)
    order = [3, 1, 2, 5, 4]
    mat(f"lizard/lizard_labels/Lizard_Labels/Labels/{name}.mat", inst_map=ids.astype("int32"),
        id=np.array(order)[:, None], **{"class": np.array([6, 1, 2, 3, 4])[:, None]},
        bbox=np.zeros((5, 4)), centroid=np.zeros((5, 2)))
    rows.append(f"{name},{name.split('_')[0]},{3 - k}")
put("lizard/lizard_labels/Lizard_Labels/info.csv", "Filename,Source,Split\n" + "\n".join(rows) + "\n")

# DSB 2018: one mask for each nucleus, which may overlap.
for k, name in enumerate(["00ae65", "0121d6"]):
    image, ids = picture(k)
    put(f"dsb2018/stage1_train/{name}/images/{name}.png", np.dstack([image, np.full((S, S), 255, "u1")]))
    for i in (1, 2, 3):
        mask = ids == i
        if i == 3:
            mask |= np.roll(ids == 2, 2, axis=0) & (ids == 2)  # takes the lower half of 2
        put(f"dsb2018/stage1_train/{name}/masks/{name}{i}.png", (mask * 255).astype("u1"))
put("dsb2018/kinds.csv", "image_id,kind\n00ae65,purple\n")

# NuCLS: a pickled dictionary.
for k, (split, name) in enumerate([("train", "train_1"), ("test", "test_1")]):
    image, ids = picture(k)
    put(f"nucls/{split}/images/{name}.png", image)
    (here / f"nucls/{split}/labels").mkdir(parents=True, exist_ok=True)
    np.save(here / f"nucls/{split}/labels/{name}.npy",
            {"inst_map": ids.astype("u4"), "type_map": np.array([0, 1, 2, 1, 2, 2], "u4")[ids]}, allow_pickle=True)
put("nucls/label_map.yaml", '1: "Non-Tumor"\n2: "Tumor"\n')
