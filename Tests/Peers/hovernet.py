"""The published pre-activation HoVer-Net (Graham et al., 2019) under its published state-dict keys.

Two modes: `original` (270 -> 80 pixels, 5x5 decoder kernels) and `fast` (256 -> 164, 3x3).
"""

import torch
from torch import nn
from torch.nn import functional as F


class SamePad(nn.Module):
    """TensorFlow's "same" padding: the odd row or column goes behind, not before."""

    def __init__(self, kernel, stride):
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x):
        size = x.shape[2]
        rest = size % self.stride
        pad = max(self.kernel - (rest if rest else self.stride), 0)
        before = pad // 2
        after = pad - before
        return F.pad(x, (before, after, before, after))


def norm_relu(channels):
    layer = nn.Sequential()
    layer.add_module("bn", nn.BatchNorm2d(channels))
    layer.add_module("relu", nn.ReLU(inplace=True))
    return layer


def convolution(inputs, outputs, kernel, stride=1, padding=0, groups=1):
    return nn.Conv2d(
        inputs, outputs, kernel, stride, padding=padding, groups=groups, bias=False)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, channels, count, stride):
        super().__init__()
        middle, outputs = channels
        self.units = nn.ModuleList()
        for index in range(count):
            unit = nn.Sequential()
            source = inputs if index == 0 else outputs
            step = stride if index == 0 else 1
            if index > 0:
                unit.add_module("preact/bn", nn.BatchNorm2d(source))
                unit.add_module("preact/relu", nn.ReLU(inplace=True))
            unit.add_module("conv1", convolution(source, middle, 1))
            unit.add_module("conv1/bn", nn.BatchNorm2d(middle))
            unit.add_module("conv1/relu", nn.ReLU(inplace=True))
            unit.add_module("conv2/pad", SamePad(3, step))
            unit.add_module("conv2", convolution(middle, middle, 3, step))
            unit.add_module("conv2/bn", nn.BatchNorm2d(middle))
            unit.add_module("conv2/relu", nn.ReLU(inplace=True))
            unit.add_module("conv3", convolution(middle, outputs, 1))
            self.units.append(unit)
        self.shortcut = convolution(inputs, outputs, 1, stride)
        self.blk_bna = norm_relu(outputs)

    def forward(self, x):
        shortcut = self.shortcut(x)
        for unit in self.units:
            x = unit(x) + shortcut
            shortcut = x
        return self.blk_bna(x)


def centre_crop(x, height, width):
    top = (x.shape[2] - height) // 2
    left = (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]


class DenseBlock(nn.Module):
    """Valid convolutions: what came before is cropped, then joined."""

    def __init__(self, inputs, kernel, count):
        super().__init__()
        self.units = nn.ModuleList()
        for _ in range(count):
            unit = nn.Sequential()
            unit.add_module("preact_bna/bn", nn.BatchNorm2d(inputs))
            unit.add_module("preact_bna/relu", nn.ReLU(inplace=True))
            unit.add_module("conv1", convolution(inputs, 128, 1))
            unit.add_module("conv1/bn", nn.BatchNorm2d(128))
            unit.add_module("conv1/relu", nn.ReLU(inplace=True))
            unit.add_module("conv2", convolution(128, 32, kernel, groups=4))
            self.units.append(unit)
            inputs += 32
        self.blk_bna = norm_relu(inputs)

    def forward(self, x):
        for unit in self.units:
            new = unit(x)
            x = torch.cat([centre_crop(x, new.shape[2], new.shape[3]), new], dim=1)
        return self.blk_bna(x)


def branch(outputs, kernel):
    def up(inputs, middle, dense, final):
        part = nn.Sequential()
        part.add_module("conva", convolution(inputs, middle, kernel))
        part.add_module("dense", DenseBlock(middle, kernel, dense))
        part.add_module("convf", convolution(final, final, 1))
        return part

    first = nn.Sequential()
    first.add_module("conva/pad", SamePad(kernel, 1))
    first.add_module("conva", convolution(256, 64, kernel))
    head = nn.Sequential()
    head.add_module("bn", nn.BatchNorm2d(64))
    head.add_module("relu", nn.ReLU(inplace=True))
    head.add_module("conv", nn.Conv2d(64, outputs, 1))
    return nn.ModuleDict(
        {"u3": up(1024, 256, 8, 512), "u2": up(512, 128, 4, 256), "u1": first, "u0": head})


class HoVerNet(nn.Module):
    """Input `[N, 3, H, W]` in 0..255; output: a dictionary of `tp` (if typed), `np` and `hv`."""

    def __init__(self, mode="fast", types=None):
        super().__init__()
        kernel = 3 if mode == "fast" else 5
        self.crops = (36, 92) if mode == "fast" else (72, 184)
        self.conv0 = nn.Sequential()
        if mode == "fast":
            self.conv0.add_module("pad", SamePad(7, 1))
        self.conv0.add_module("/", convolution(3, 64, 7))
        self.conv0.add_module("bn", nn.BatchNorm2d(64))
        self.conv0.add_module("relu", nn.ReLU(inplace=True))
        self.d0 = ResidualBlock(64, (64, 256), 3, 1)
        self.d1 = ResidualBlock(256, (128, 512), 4, 2)
        self.d2 = ResidualBlock(512, (256, 1024), 6, 2)
        self.d3 = ResidualBlock(1024, (512, 2048), 3, 2)
        self.conv_bot = convolution(2048, 1024, 1)
        branches = {"tp": branch(types, kernel)} if types else {}
        branches |= {"np": branch(2, kernel), "hv": branch(2, kernel)}
        self.decoder = nn.ModuleDict(branches)

    def forward(self, images):
        x = self.conv0(images / 255)
        d0 = self.d0(x)
        d1 = self.d1(d0)
        d2 = self.d2(d1)
        bottom = self.conv_bot(self.d3(d2))
        d1 = centre_crop(d1, d1.shape[2] - self.crops[0], d1.shape[3] - self.crops[0])
        d0 = centre_crop(d0, d0.shape[2] - self.crops[1], d0.shape[3] - self.crops[1])
        outputs = {}
        for name, decoder in self.decoder.items():
            x = decoder["u3"](F.interpolate(bottom, scale_factor=2) + d2)
            x = decoder["u2"](F.interpolate(x, scale_factor=2) + d1)
            x = decoder["u1"](F.interpolate(x, scale_factor=2) + d0)
            outputs[name] = decoder["u0"](x)
        return outputs
