"""The benchmark's networks in PyTorch, by name, untrained, and what each one minimises."""

import segmentation_models_pytorch as segmentation
import timm
import torch
import torchvision
from torch.nn import functional as F

from hovernet import HoVerNet

CLASSES = 1000
TYPES = 6


def vision_transformer(patch):
    def make(size, classes):
        return timm.create_model(
            f"vit_small_patch{patch}_224", pretrained=False, num_classes=classes, img_size=size)

    return make


def unet(encoder):
    def make(size, classes):
        return segmentation.Unet(encoder, encoder_weights=None, classes=classes)

    return make


def classifier(name):
    return lambda size, classes: torchvision.models.get_model(
        name, weights=None, num_classes=classes)


# name: (kind, maker of (side, classes))
NETWORKS = {
    "resnet18": ("classifier", classifier("resnet18")),
    "resnet34": ("classifier", classifier("resnet34")),
    "resnet50": ("classifier", classifier("resnet50")),
    "densenet121": ("classifier", classifier("densenet121")),
    "vit-s16": ("classifier", vision_transformer(16)),
    "vit-s8": ("classifier", vision_transformer(8)),
    "unet-resnet18": ("segmentation", unet("resnet18")),
    "unet-resnet34": ("segmentation", unet("resnet34")),
    "unet-resnet50": ("segmentation", unet("resnet50")),
    "unet-densenet121": ("segmentation", unet("densenet121")),
    "hovernet-fast": ("hovernet", lambda size, classes: HoVerNet("fast", classes)),
    "hovernet-original": ("hovernet", lambda size, classes: HoVerNet("original")),
}
DEFAULT_CLASSES = {"classifier": CLASSES, "segmentation": 1, "hovernet": TYPES}


def make(name, size):
    """The network, in training mode."""
    kind, maker = NETWORKS[name]
    return maker(size, DEFAULT_CLASSES[kind])


def make_images(name, batch, size):
    """Values as after normalisation; HoVer-Net divides by 255 itself."""
    kind = NETWORKS[name][0]
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(batch, 3, size, size, generator=generator)
    return images * 255 if kind == "hovernet" else images * 2 - 1


def soft_dice(logits, masks):
    """Over batch and space, smoothed by 1."""
    probabilities = torch.sigmoid(logits)
    overlap = (probabilities * masks).sum()
    return 1 - (2 * overlap + 1) / (probabilities.sum() + masks.sum() + 1)


def make_loss(name, batch, size):
    """Targets drawn once, and the loss against them as a function of the network's output."""
    kind = NETWORKS[name][0]
    generator = torch.Generator().manual_seed(2)
    if kind == "classifier":
        labels = torch.arange(batch) * 7 % CLASSES
        return lambda output: F.cross_entropy(output, labels)
    if kind == "segmentation":
        masks = (torch.rand(batch, 1, size, size, generator=generator) > 0.6).float()
        return lambda output: (
            F.binary_cross_entropy_with_logits(output, masks) + soft_dice(output, masks))
    side = size - 92 if name == "hovernet-fast" else size - 190
    nuclei = torch.randint(0, 2, (batch, side, side), generator=generator)
    types = torch.randint(0, TYPES, (batch, side, side), generator=generator)
    maps = torch.rand(batch, 2, side, side, generator=generator) * 2 - 1

    def loss(output):
        total = F.cross_entropy(output["np"], nuclei) + F.mse_loss(output["hv"], maps)
        if "tp" in output:
            total = total + F.cross_entropy(output["tp"], types)
        return total

    return loss
