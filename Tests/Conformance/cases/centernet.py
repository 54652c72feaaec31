"""CenterNet on ResNet trunks: detection, pose, and both with segmentation.

A task's output is the maps that its decoding needs, one behind the other: detection has hm, wh, reg; pose has hm, wh,
reg, hps, hm_hp, hp_offset. In the multitask form, pose uses the first class of hm.
"""

import torch

from case import Case
from definitions.centernet import DETECTION, POSE, CenterNet, parallel_checkpoint, trainer_checkpoint

POSE_ORDER = ("wh", "reg", "hps", "hm_hp", "hp_offset")


def detection(maps):
    return torch.cat([maps[name] for name in ("hm", "wh", "reg")], dim=1)


def pose(maps):
    return torch.cat([maps["hm"][:, :1]] + [maps[name] for name in POSE_ORDER], dim=1)


def detection_outputs(module, image):
    return {"detection": detection(module(image)[-1])}


def pose_outputs(module, image):
    return {"pose": pose(module(image)[-1])}


def multitask_outputs(module, image):
    maps = module(image)[-1]
    return {"detection": detection(maps), "pose": pose(maps), "segmentation": maps["seg"]}


def multitask(divisor: int, classes: int, segments: int):
    return CenterNet(18, POSE | {"hm": classes, "seg": segments}, divisor)


PICTURE = (1, 3, 512, 512)
CASES = [
    Case("centernet-ctdet-res18", "centernet-ctdet", "rebuilt", lambda: CenterNet(18, DETECTION),
         lambda: CenterNet(18, DETECTION, 20), PICTURE, (1, 3, 64, 64), detection_outputs, trainer_checkpoint),
    Case("centernet-ctdet-res101", "centernet-ctdet", "rebuilt", lambda: CenterNet(101, DETECTION),
         lambda: CenterNet(101, DETECTION, 32), PICTURE, (1, 3, 64, 64), detection_outputs, trainer_checkpoint,
         has_fixture=False),
    Case("centernet-multi-pose-res50", "centernet-multi-pose", "rebuilt", lambda: CenterNet(50, POSE),
         lambda: CenterNet(50, POSE, 32), PICTURE, (1, 3, 64, 64), pose_outputs, parallel_checkpoint),
    Case("centernet-multitask-res18", "centernet-multitask", "rebuilt", lambda: multitask(1, 80, 21),
         lambda: multitask(20, 4, 3), PICTURE, (1, 3, 64, 64), multitask_outputs),
]
