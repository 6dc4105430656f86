"""Checks the peer's networks against the forward passes of a reference file of `engine.json`'s form.

    python peer_agreement.py --reference FILE --tag TAG [--only PATTERN]

Every tensor is filled by the file's rule from TAG and its own name.
"""

import argparse
import fnmatch
import json
import math

import numpy as np
import torch

import peer_networks
from hovernet import HoVerNet

ROWS = {
    "resnet18": ("resnet18", 1000),
    "resnet50": ("resnet50", 1000),
    "densenet121": ("densenet121", 1000),
    "vit_small_patch16_224": ("vit-s16", 1000),
    "unet_resnet18": ("unet-resnet18", 1),
    "unet_resnet50_3class": ("unet-resnet50", 3),
    "hovernet_fast_types6": ("hovernet-fast", 6),
    "hovernet_original": ("hovernet-original", None),
}


def uniform(tag, name, shape):
    """Float32 in [-1, 1): SplitMix64 from the FNV-1a hash of `tag/name`, one draw an element."""
    state = 0xCBF29CE484222325
    for byte in f"{tag}/{name}".encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    count = math.prod(shape)
    with np.errstate(over="ignore"):
        z = np.uint64(state) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    values = (z >> np.uint64(40)).astype(np.float64) / 2**24 * 2 - 1
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(name, tensor, tag):
    if name.endswith("num_batches_tracked"):
        return
    u = uniform(tag, name, tensor.shape)
    last = name.rsplit(".", 1)[-1]
    if last == "running_mean" or last == "bias":
        u = 0.1 * u
    elif last == "running_var":
        u = 1 + 0.5 * u.abs()
    elif last == "weight" and tensor.dim() == 1:
        u = 1 + 0.2 * u
    elif last == "weight":
        u = u * (math.sqrt(6 / math.prod(tensor.shape[1:])) * 0.7)
    else:
        u = 0.02 * u
    tensor.copy_(u)


def rows(reference, tag, pattern):
    for row, expected in reference["networks_eval"].items():
        if row not in ROWS or not fnmatch.fnmatch(row, pattern):
            continue
        name, classes = ROWS[row]
        shape = expected["input_shape"]
        network = peer_networks.NETWORKS[name][1](shape[2], classes).eval()
        state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
        keys = [[key, list(value.shape)] for key, value in state.items()]
        if sorted(keys) != sorted(expected["parameters"]):
            raise SystemExit(f"{row}: the state dict's keys or shapes differ")
        with torch.inference_mode():
            for key, value in state.items():
                fill(key, value, tag)
            scale = 255 if isinstance(network, HoVerNet) else 1
            outputs = network((uniform(tag, "input", shape) + 1) / 2 * scale)
        outputs = outputs if isinstance(outputs, dict) else {"y": outputs}
        for key, want in expected["outputs"].items():
            samples = outputs[key].flatten()[torch.tensor(want["sample_index"])].double()
            target = torch.tensor(want["sample"], dtype=torch.float64)
            deviation = ((samples - target).norm() / target.norm()).item()
            yield {"name": f"networks_eval/{row}/{key}", "deviation": deviation}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", required=True)
    parser.add_argument("--tag", default="dev")
    parser.add_argument("--only", default="*", metavar="PATTERN")
    options = parser.parse_args()
    with open(options.reference) as file:
        reference = json.load(file)
    print(json.dumps({"rows": list(rows(reference, options.tag, options.only))}, indent=1))


if __name__ == "__main__":
    main()
