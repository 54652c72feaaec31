"""SegNets on NYUv2: lorenmt/mtan im2im_pred and LibMTL examples/nyu/main_segnet.py."""

from functools import partial

import torch
from torch import nn

from case import Case
from definitions import segnet

SHAPE = (1, 3, 288, 384)
THIN_SHAPE = (1, 3, 32, 64)
#: A maximum that goes to the neighbouring pixel changes the decoder's maps around it: on full size a few windows of the
#: three million have two maxima within 1e-7.
UNDECIDED = 0.05
THIN = dict(widths=(3, 4, 6, 8, 8), classes=(5, 1, 3))


def stitched(**options) -> nn.Module:
    """Scales of their own: the published initial value of 1 would hide an exchange of tasks or levels."""
    network = segnet.CrossStitch(**options)
    with torch.no_grad():
        for unit in (network.cs_unit_encoder, network.cs_unit_decoder):
            unit.copy_(torch.rand(unit.shape, generator=torch.Generator().manual_seed(len(unit))) * 0.6 + 0.1)
    return network


def numbered(network: nn.Module, image: torch.Tensor) -> dict[str, torch.Tensor]:
    outputs, _ = network(image)
    return dict(zip(("segmentation", "depth", "normal"), outputs))


def mtan(name: str, make, thin, network: str | None = None) -> Case:
    """The repository saves nothing: users add torch.save of the state dict themselves."""
    return Case(f"mtan-segnet-{name}", network or f"mtan-segnet-{name}-nyuv2", "rebuilt", make, thin, SHAPE,
                THIN_SHAPE, numbered, undecided=UNDECIDED)


def single(task: str, output: str) -> Case:
    return Case(f"mtan-segnet-single-{task}", "mtan-segnet-single-nyuv2", "rebuilt", partial(segnet.Single, task),
                partial(segnet.Single, task, THIN["widths"], 5), SHAPE, THIN_SHAPE,
                lambda network, image: {output: network(image)}, undecided=UNDECIDED)


CASES = [
    mtan("split", segnet.Split, partial(segnet.Split, **THIN)),
    mtan("split-wide", partial(segnet.Split, segnet.WIDE),
         partial(segnet.Split, (3, 4, 5, 6, 12), THIN["classes"]), "mtan-segnet-split-nyuv2"),
    mtan("split-deep", partial(segnet.Split, deep=True), partial(segnet.Split, deep=True, **THIN),
         "mtan-segnet-split-nyuv2"),
    mtan("mtan", segnet.MTAN, partial(segnet.MTAN, **THIN)),
    mtan("cross-stitch", stitched, partial(stitched, **THIN)),
    mtan("dense", segnet.Dense, partial(segnet.Dense, **THIN)),
    single("semantic", "segmentation"),
    single("normal", "normal"),
    Case("libmtl-segnet-mtan", "libmtl-segnet-mtan-nyuv2", "rebuilt", segnet.LibMTLHardSharing,
         partial(segnet.LibMTLHardSharing, **THIN), SHAPE, THIN_SHAPE, lambda network, image: network(image), undecided=UNDECIDED),
]
