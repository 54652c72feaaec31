"""The narrow definitions are LibMTL's networks: at full width they take the real class's weights, key by key, and answer
the same."""

import pytest

torch = pytest.importorskip("torch")
from definitions import published_libmtl  # noqa: E402

try:
    published_libmtl.package("architecture")
except ModuleNotFoundError:
    pytest.skip("LibMTL is not installed", allow_module_level=True)

from case import with_statistics  # noqa: E402
from cases.libmtl import CITYSCAPES, feature_width, heads  # noqa: E402
from definitions import libmtl  # noqa: E402
from definitions.residual import resnet  # noqa: E402

IMAGE = (3, 64, 96)
EXPERTS = {"img_size": IMAGE, "num_experts": [2, 1, 1]}
ARCHITECTURES = [
    ("HPS", libmtl.HardSharing, {}, {}),
    ("MTAN", libmtl.MTAN, {}, {}),
    ("Cross_stitch", libmtl.CrossStitch, {}, {"is_square": False}),
    ("MMoE", libmtl.GatedExperts, {"img_size": IMAGE, "num_experts": [2]}, {"image": IMAGE, "shared": 2}),
    ("CGC", libmtl.GatedExperts, EXPERTS, {"image": IMAGE, "shared": 2, "specific": 1}),
    ("PLE", libmtl.ProgressiveExtraction, EXPERTS, {"image": IMAGE, "shared": 2, "specific": 1}),
    ("DSelect_k", libmtl.DSelectK, {"img_size": IMAGE, "num_experts": [3], "num_nonzeros": 2, "kgamma": 1.0},
     {"image": IMAGE, "shared": 3, "chosen": 2}),
]


def compare(real: torch.nn.Module, ours: torch.nn.Module, answers) -> None:
    ours.load_state_dict(real.state_dict(), strict=True)
    ours.eval()
    image = torch.randn((2, *IMAGE), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = answers(real, image), ours(image)
    assert list(expected) == list(found)
    for task in expected:
        # Sums over experts may run in another order.
        torch.testing.assert_close(found[task], expected[task], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "kind", "real_options", "options"), ARCHITECTURES, ids=[row[0] for row in ARCHITECTURES])
@pytest.mark.parametrize("depth", [18, 50])
def test_dense(name, kind, real_options, options, depth):
    decoders = lambda: heads(CITYSCAPES, feature_width(depth))  # noqa: E731
    real = published_libmtl.network(name, lambda: published_libmtl.trunk(depth), decoders(), **real_options)
    if name == "Cross_stitch":
        torch.nn.init.uniform_(real.encoder.cross_unit, 0.1, 0.6)
    with_statistics(real, 3)
    compare(real, kind(lambda: resnet(depth, is_dilated=True), decoders(), **options), lambda network, image: network(image))


@pytest.mark.parametrize("kind", [libmtl.HardSharing, libmtl.MTAN])
def test_office(kind):
    decoders = lambda: {task: torch.nn.Linear(512, 5) for task in ("a", "b")}  # noqa: E731
    name = "MTAN" if kind is libmtl.MTAN else "HPS"
    real = published_libmtl.network(
        name, lambda: libmtl.OfficeEncoder(published_libmtl.trunk(18, is_dilated=False)), decoders(), has_own_inputs=True)
    with_statistics(real, 4)
    ours = kind(lambda: libmtl.OfficeEncoder(resnet(18)), decoders())
    compare(real, ours, lambda network, image: {task: network(image, task_name=task)[task] for task in "ab"})
