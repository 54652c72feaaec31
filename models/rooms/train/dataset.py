"""Reads LibMTL's layout of NYUv2: image/0.npy, label/0.npy, depth/0.npy and normal/0.npy, and so on."""

import numpy as np
import torch
from torch.nn import functional


class Frames:
    """The frames of a folder, made smaller by a whole number; kept in memory where `keeps` says so."""

    def __init__(self, folder, shrink=1, keeps=False):
        self.folder = folder
        self.shrink = shrink
        # The normals are the last to be written: rooms that are still being drawn are not listed.
        self.names = sorted((path.name for path in (folder / "normal").glob("*.npy")), key=lambda name: int(name[:-4]))
        self.kept = {} if keeps else None

    def __len__(self):
        return len(self.names)

    def read(self, name):
        """Picture (3, height, width) in 0 to 1, labels, depth (1, ...) and normals (3, ...)."""
        arrays = [
            torch.from_numpy(np.load(self.folder / part / name)) for part in ("image", "label", "depth", "normal")
        ]
        image, label, depth, normal = arrays
        image, depth, normal = image.permute(2, 0, 1), depth.reshape(1, *label.shape), normal.permute(2, 0, 1)
        step, start = self.shrink, self.shrink // 2
        if step > 1:
            image = functional.avg_pool2d(image.float(), step).half()
        # Labels of neighbours must not be mixed: one of each square is taken.
        return image, *(array[..., start::step, start::step].clone() for array in (label, depth, normal))

    def frame(self, index):
        name = self.names[index]
        if self.kept is None:
            return self.read(name)
        if name not in self.kept:
            self.kept[name] = self.read(name)
        return self.kept[name]

    def batch(self, indices):
        image, label, depth, normal = (torch.stack(arrays) for arrays in zip(*map(self.frame, indices)))
        truths = {"segmentation": label.long(), "depth": depth.float(), "normal": normal.float()}
        return image.float(), truths
