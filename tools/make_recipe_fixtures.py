"""Writes Tests/Fixtures/recipes/NAME: thin checkpoints of every published network, and what PyTorch answers for them.

    python tools/make_recipe_fixtures.py [NAME...]

Each folder holds weights.pt as the trainer saves it, model.json, input.npy and expected_TASK.npy. The networks are those
of Tests/Conformance/cases; what a case needs from PyPI is in Tests/Conformance/requirements.txt.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import numpy
import torch

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "Tests" / "Fixtures" / "recipes"
sys.path.insert(0, str(ROOT / "Tests" / "Conformance"))

from case import Case, with_statistics  # noqa: E402
from cases import all_cases  # noqa: E402


def write(case: Case) -> None:
    folder = FOLDER / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    seed = zlib.crc32(case.name.encode())
    torch.manual_seed(seed)
    module = with_statistics(case.thin(), seed)
    image = torch.randn(case.thin_shape, generator=torch.Generator().manual_seed(seed + 1))
    with torch.no_grad():
        outputs = case.outputs(module, image)
    torch.save(case.checkpoint(module), folder / "weights.pt")
    parameters = case.parameters if case.thin_parameters is None else case.thin_parameters
    card = {"format": 1, "name": case.name, "weights": "weights.pt",
            "network": {"recipe": case.network, **parameters}}
    if case.tasks is not None:
        card["tasks"] = case.tasks
    (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n")
    numpy.save(folder / "input.npy", image.numpy())
    for task, output in outputs.items():
        numpy.save(folder / f"expected_{task}.npy", output.detach().contiguous().numpy())
    size = sum(file.stat().st_size for file in folder.iterdir())
    spread = ", ".join(f"{task} {tuple(o.shape)} {float(o.min()):.3g}..{float(o.max()):.3g}" for task, o in outputs.items())
    print(f"{case.name}: {size // 1000} KB; {spread}", flush=True)


def main() -> None:
    for case in all_cases():
        if case.has_fixture and (len(sys.argv) < 2 or case.name in sys.argv[1:]):
            write(case)


if __name__ == "__main__":
    main()
