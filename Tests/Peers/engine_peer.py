#!/usr/bin/env python
"""PyTorch's counterpart of `microtome-bench`: times training steps or inference, prints JSON.

    engine_peer.py train --network unet-resnet18 --batch 8 --size 256 --threads 2 --json
    engine_peer.py infer --network resnet18 --batch 16 --size 224 --backend onnxruntime --json

A step of training is zero_grad, forward, loss, backward and optimiser step (AdamW, fused, learning
rate 1e-4). `images_per_second` is the batch over the median step after warm-up. `baseline_bytes` is
the resident memory after imports and before the network is made; `peak_bytes` is the process's peak
resident memory from there on (VmHWM) less the baseline.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=["train", "infer", "export"])
    parser.add_argument("--network", default="unet-resnet18")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, help="side in pixels (the network's own)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, help="steps to time, instead of --seconds")
    parser.add_argument("--seconds", type=float, default=6, help="time steps for about so long")
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--layout", choices=["default", "channels-last", "best"], default="best")
    parser.add_argument("--backend", choices=["torch", "onnxruntime"], default="torch")
    parser.add_argument("--optimiser", choices=["fused", "plain"], default="fused")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", help=argparse.SUPPRESS)
    return parser.parse_args()


def memory(field):
    """A figure of /proc/self/status in bytes."""
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise SystemExit(f"/proc/self/status has no {field}")


def reset_peak():
    """Lets VmHWM start again from what is resident now, where the system permits it."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def measure(step, options):
    """Seconds of each step after warm-up."""
    for _ in range(options.warm_up):
        step()
    seconds = []
    start = time.perf_counter()
    while True:
        begin = time.perf_counter()
        step()
        end = time.perf_counter()
        seconds.append(end - begin)
        if options.steps is not None:
            if len(seconds) >= options.steps:
                return seconds
        elif end - start >= options.seconds and len(seconds) >= 3:
            return seconds


def prepare_torch(options):
    import torch

    import peer_networks

    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    reset_peak()
    baseline = memory("VmRSS")
    network = peer_networks.make(options.network, options.size)
    images = peer_networks.make_images(options.network, options.batch, options.size)
    if options.layout == "channels-last":
        network = network.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    if options.work == "infer":
        network.eval()

        def step():
            with torch.inference_mode():
                network(images)

        return step, baseline
    loss = peer_networks.make_loss(options.network, options.batch, options.size)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=1e-4, fused=options.optimiser == "fused")

    def step():
        optimiser.zero_grad()
        loss(network(images)).backward()
        optimiser.step()

    return step, baseline


def export(options):
    """Writes the network as ONNX, batch norms still apart: folding them is the runtime's work."""
    import warnings

    import torch

    import peer_networks

    warnings.simplefilter("ignore")
    network = peer_networks.make(options.network, options.size).eval()
    images = peer_networks.make_images(options.network, options.batch, options.size)
    if peer_networks.NETWORKS[options.network][0] == "hovernet":

        class Tuple(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.network = network

            def forward(self, x):
                return tuple(self.network(x).values())

        exported = Tuple().eval()
    else:
        exported = network
    torch.onnx.export(
        exported, (images,), options.output, input_names=["images"], dynamo=False)


def prepare_onnxruntime(options):
    """The export runs in a process of its own, so that its memory is not counted here."""
    if options.work != "infer":
        raise SystemExit("onnxruntime is a peer for inference alone")
    import numpy
    import onnxruntime

    reset_peak()
    baseline = memory("VmRSS")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        subprocess.run(
            [sys.executable, __file__, "export", "--network", options.network,
             "--batch", str(options.batch), "--size", str(options.size), "--output", path],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(
            path, settings, providers=["CPUExecutionProvider"])
    generator = numpy.random.default_rng(1)
    shape = (options.batch, 3, options.size, options.size)
    images = generator.random(shape, dtype=numpy.float32)
    return lambda: session.run(None, {"images": images}), baseline


def best(options):
    """Each layout in a process of its own; the report of the faster one."""
    reports = []
    for layout in ("default", "channels-last"):
        arguments = [a for a in sys.argv[1:] if a != "--json"] + ["--layout", layout, "--json"]
        run = subprocess.run(
            [sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE)
        reports.append(json.loads(run.stdout))
    return max(reports, key=lambda report: report["images_per_second"])


OWN_SIZES = {"hovernet-original": 270}


def main():
    options = parse()
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(options.threads)
    if options.size is None:
        is_dense = options.network.startswith(("unet", "hovernet"))
        options.size = OWN_SIZES.get(options.network, 256 if is_dense else 224)
    if options.work == "export":
        export(options)
        return
    if options.backend == "torch" and options.layout == "best":
        report = best(options)
    else:
        prepare = prepare_torch if options.backend == "torch" else prepare_onnxruntime
        step, baseline = prepare(options)
        seconds = measure(step, options)
        report = {
            "work": options.work, "backend": options.backend, "network": options.network,
            "batch": options.batch, "size": options.size, "threads": options.threads,
            "layout": options.layout if options.backend == "torch" else "default",
            "images_per_second": options.batch / statistics.median(seconds),
            "peak_bytes": memory("VmHWM") - baseline, "baseline_bytes": baseline,
            "seconds": seconds,
        }
    if options.json:
        print(json.dumps(report))
    else:
        print(
            f"{options.network} {options.work}: {report['images_per_second']:.2f} images/s, "
            f"{report['peak_bytes'] / 1e6:.0f} MB, {report['layout']} layout")


if __name__ == "__main__":
    main()
