"""facebookresearch/astmt on PASCAL-Context: models/model_epoch-N.pth, a bare state dict."""

from functools import partial

from case import Case
from definitions.astmt import TASKS, ASTMT

THIN = dict(classes={"edge": 1, "semseg": 4}, base=2, width=8, low_width=4, reduction=4)


def case(name: str, make, thin, **options) -> Case:
    return Case(name, "astmt-pascal", "rebuilt", make, thin, (1, 3, 512, 512), (1, 3, 48, 80),
                lambda network, image: {task: network(image, task) for task in network.tasks}, **options)


CASES = [
    case("astmt-se-resnet26-pascal", ASTMT, partial(ASTMT, **THIN)),
    case("astmt-se-resnet50-pascal", partial(ASTMT, depths=(3, 4, 6, 3)),
         partial(ASTMT, depths=(3, 4, 6, 3), **THIN), has_fixture=False),
    # Without `--seenc`, `--sedec`, `--adapt` and `--trNorm` all tasks share everything but the last layer.
    case("astmt-shared-pascal",
         partial(ASTMT, norms=False, squeezes_encoder=False, squeezes_decoder=False, adapts=False),
         partial(ASTMT, norms=False, squeezes_encoder=False, squeezes_decoder=False, adapts=False, **THIN)),
]
