"""Metrics of objects and HoVer-Net's post-processing in NumPy, step by step as published.

AJI, AJI+ and PQ keep a mask of the whole image for each object and fill dense matrices of pairs, as
`metrics/stats_utils.py` of vqdang/hover_net does; the post-processing calls the same functions of
OpenCV, SciPy and scikit-image as its `post_proc.py`. The object Hausdorff distance follows the GlaS
contest's Matlab code, which its Python ports translate: all pixels of both objects, nearest
neighbours by a k-d tree or by SciPy's `directed_hausdorff`.
"""

import cv2
import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import directed_hausdorff
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed


def contiguous(labels):
    """Labels 1...n in their order."""
    result = np.zeros(labels.shape, np.int32)
    for number, label in enumerate(np.unique(labels)[1:]):
        result[labels == label] = number + 1
    return result


def masks(labels):
    return [np.array(labels == label, np.uint8) for label in np.unique(labels)[1:]]


def pairs(true, pred):
    """Masks, and the shared and joined pixels of every pair."""
    true_masks, pred_masks = masks(true), masks(pred)
    shared = np.zeros((len(true_masks), len(pred_masks)))
    joined = np.zeros_like(shared)
    for i, mask in enumerate(true_masks):
        for label in np.unique(pred[mask > 0]):
            if label == 0:
                continue
            other = pred_masks[label - 1]
            total = (mask + other).sum()
            inter = (mask * other).sum()
            shared[i, label - 1] = inter
            joined[i, label - 1] = total - inter
    return true_masks, pred_masks, shared, joined


def aggregated(true_masks, pred_masks, shared, joined, rows, columns):
    inter = shared[rows, columns].sum()
    union = joined[rows, columns].sum()
    taken_rows, taken_columns = list(rows), list(columns)
    for i in range(len(true_masks)):
        if i not in taken_rows:
            union += true_masks[i].sum()
    for j in range(len(pred_masks)):
        if j not in taken_columns:
            union += pred_masks[j].sum()
    return inter / union


def aji(true, pred):
    true_masks, pred_masks, shared, joined = pairs(true, pred)
    iou = shared / (joined + 1e-6)
    columns, best = np.argmax(iou, axis=1), np.max(iou, axis=1)
    rows = np.nonzero(best > 0)[0]
    return aggregated(true_masks, pred_masks, shared, joined, rows, columns[rows])


def aji_plus(true, pred):
    true_masks, pred_masks, shared, joined = pairs(true, pred)
    iou = shared / (joined + 1e-6)
    rows, columns = linear_sum_assignment(-iou)
    kept = iou[rows, columns] > 0
    return aggregated(true_masks, pred_masks, shared, joined, rows[kept], columns[kept])


def pq(true, pred):
    true_masks, pred_masks, shared, joined = pairs(true, pred)
    iou = np.divide(shared, joined, out=np.zeros_like(shared), where=joined > 0)
    matched = iou[iou > 0.5]
    tp = len(matched)
    fp, fn = len(pred_masks) - tp, len(true_masks) - tp
    return tp / (tp + 0.5 * fp + 0.5 * fn) * matched.sum() / (tp + 1e-6)


def by_tree(a, b):
    """The Hausdorff distance of two masks by nearest neighbours."""
    x, y = np.argwhere(a), np.argwhere(b)
    return max(cKDTree(x).query(y)[0].max(), cKDTree(y).query(x)[0].max())


def by_directed(a, b):
    x, y = np.argwhere(a), np.argwhere(b)
    return max(directed_hausdorff(x, y)[0], directed_hausdorff(y, x)[0])


def object_hausdorff(true, pred, hausdorff):
    def one_side(labels, others):
        total = 0.0
        for label in np.unique(labels)[1:]:
            mask = labels == label
            overlap = others[mask]
            overlap = overlap[overlap > 0]
            if len(overlap):
                distance = hausdorff(mask, others == np.bincount(overlap).argmax())
            else:
                distance = min(hausdorff(mask, others == other) for other in np.unique(others)[1:])
            total += mask.sum() / (labels > 0).sum() * distance
        return total

    return (one_side(true, pred) + one_side(pred, true)) / 2


def post_process(probability, distances):
    """Instances from maps of probability and distance."""
    blob = np.array(probability >= 0.5, dtype=np.int32)
    blob = ndimage.label(blob)[0]
    blob = remove_small_objects(blob, max_size=9)
    blob[blob > 0] = 1

    def scaled(values):
        return cv2.normalize(
            values, None, alpha=0, beta=1, norm_type=cv2.NORM_MINMAX, dtype=cv2.CV_32F)

    along_x = cv2.Sobel(scaled(distances[..., 0]), cv2.CV_64F, 1, 0, ksize=21)
    along_y = cv2.Sobel(scaled(distances[..., 1]), cv2.CV_64F, 0, 1, ksize=21)
    edges = np.maximum(1 - scaled(along_x), 1 - scaled(along_y))
    edges = edges - (1 - blob)
    edges[edges < 0] = 0
    depth = -cv2.GaussianBlur((1.0 - edges) * blob, (3, 3), 0)
    marker = blob - np.array(edges >= 0.4, dtype=np.int32)
    marker[marker < 0] = 0
    marker = ndimage.binary_fill_holes(marker).astype("uint8")
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    marker = cv2.morphologyEx(marker, cv2.MORPH_OPEN, kernel)
    marker = ndimage.label(marker)[0]
    marker = remove_small_objects(marker, max_size=9)
    return watershed(depth, marker, mask=blob)
