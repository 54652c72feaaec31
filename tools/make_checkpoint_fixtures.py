"""Writes the checkpoints of Tests/Fixtures/checkpoints with PyTorch, and what they hold as expected.json.

    python tools/make_checkpoint_fixtures.py                    # a current PyTorch: all files
    python tools/make_checkpoint_fixtures.py --subset old       # PyTorch 1.13: the files under old/

expected.json maps each file to the names of its tensors in order, to a state (shapes and values by name; files share
them), to parts of the notes that the reader must give, to its metadata, and to the tensors whose elements cannot be
read. Values are float32 as decimal numbers;
NaN and infinities are texts.
"""

import argparse
import collections
import hashlib
import json
import math
import struct
from pathlib import Path

import numpy
import torch
from torch import nn

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "checkpoints"


class Net(nn.Module):
    """Two tasks on one trunk, small, with every kind of member that a module can have."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.heads = nn.ModuleDict({"depth": nn.Conv2d(4, 1, 1), "normal": nn.Conv2d(4, 3, 1)})
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.register_parameter("absent", None)
        self.register_buffer("grid", torch.arange(6.0).reshape(2, 3))
        self.register_buffer("scratch", torch.ones(2), persistent=False)


def number(value):
    value = float(value)
    return value if math.isfinite(value) else repr(value)


def tensor_facts(tensor):
    values = tensor.detach().to(torch.float32).reshape(-1).tolist()
    return {"shape": list(tensor.shape), "type": str(tensor.dtype).replace("torch.", ""), "values": [number(v) for v in values]}


class Writer:
    def __init__(self, subset):
        self.path = FOLDER / "expected.json"
        whole = json.loads(self.path.read_text()) if self.path.exists() else {"files": {}, "states": {}}
        self.expected, self.states = whole["files"], whole["states"]
        self.subset = subset

    def expect(self, file, tensors, notes=(), metadata=None, unsupported=()):
        state = {k: tensor_facts(v) for k, v in tensors.items() if k not in unsupported}
        key = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:8]
        self.states[key] = state
        facts = {
            "names": list(tensors),
            "state": key,
            "unsupported": list(unsupported),
            "notes": list(notes),
        }
        if metadata is not None:
            facts["metadata"] = metadata
        self.expected[file] = facts

    def save(self, stem, value, tensors, both=True, protocol=2, **facts):
        """Saves in the zip container and, if both, in the legacy one."""
        forms = [(f"{stem}.pt", True)] + ([(f"{stem}.legacy.pth", False)] if both else [])
        for name, is_zip in forms:
            file = f"{self.subset}/{name}" if self.subset else name
            (FOLDER / file).parent.mkdir(parents=True, exist_ok=True)
            torch.save(value, FOLDER / file, _use_new_zipfile_serialization=is_zip, pickle_protocol=protocol)
            self.expect(file, tensors, **facts)

    def finish(self):
        for file in list(self.expected):
            if not (FOLDER / file).exists():
                del self.expected[file]
        used = {facts["state"] for facts in self.expected.values()}
        whole = {"files": self.expected, "states": {k: v for k, v in self.states.items() if k in used}}
        self.path.write_text(json.dumps(whole, indent=None, separators=(",", ":"), sort_keys=True) + "\n")


def containers(writer, net):
    """The same weights, wrapped in the ways that training code wraps them."""
    state = net.state_dict()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    sum(p.sum() for p in net.parameters()).backward()
    optimizer.step()
    state = net.state_dict()
    net.zero_grad(set_to_none=True)
    writer.save("bare", state, state, notes=[])
    for key in ("state_dict", "model_state_dict", "model", "net", "weights"):
        writer.save(f"under_{key}", {key: state, "epoch": 12}, state, both=False, notes=[f"under '{key}'"],
                    metadata={"epoch": "12"})
    writer.save("under_two", {"state_dict": {"model": state}}, state, both=False)
    writer.save("own_name", {"epoch": 3, "segnet": dict(state)}, state, both=False, notes=["under 'segnet'"])
    prefixed = collections.OrderedDict(("module." + k, v) for k, v in state.items())
    writer.save("prefixed", prefixed, state, notes=["'module.'"])
    compiled = {"model": {"module._orig_mod." + k: v for k, v in state.items()}}
    writer.save("prefixed_twice", compiled, state, both=False, notes=["'module.'", "'_orig_mod.'"])
    full = {"arch": "hrnet", "model": state, "optimizer": optimizer.state_dict(), "epoch": 7, "best": 0.25, "done": True,
            "scheduler": None, "rng_state": torch.get_rng_state()[:4].clone(), "log": [1, 2.5, ("a", None)],
            "args": argparse.Namespace(lr=0.1, path=Path("a/b")), "classes": {"car", "tree"}}
    writer.save("optimizer", full, state, notes=["'optimizer' was skipped", "'args' was skipped"],
                metadata={"arch": "hrnet", "epoch": "7", "best": "0.25", "done": "true"})
    parts = {"trunk": net.trunk.state_dict(), "heads": net.heads.state_dict(), "optimizer": optimizer.state_dict()}
    names = {k: v for k, v in state.items() if k.startswith(("trunk.", "heads."))}
    writer.save("parts", parts, names, notes=["'optimizer' was skipped"])
    writer.save("model_is_a_name", {"model": "resnet50", "state_dict": state}, state, both=False,
                metadata={"model": "resnet50"})


def modules(writer, net):
    state = net.state_dict()
    writer.save("module", net, state)
    writer.save("module_parallel", nn.DataParallel(net), state, notes=["'module.'"])
    writer.save("module_nested", {"model": net, "epoch": 1}, state, both=False)


def layouts(writer):
    """Views, shared memory, sizes without elements."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {
        "base": base, "transposed": base.transpose(0, 2), "column": base[:, 1], "every_other": base[:, :, ::2],
        "last": base[1, 2, 3], "expanded": torch.tensor([1.5, 2.5]).reshape(2, 1).expand(2, 3),
        "channels_last": torch.arange(16.0).reshape(1, 4, 2, 2).contiguous(memory_format=torch.channels_last),
        "scalar": torch.tensor(3.25), "empty": torch.zeros(0), "empty_rows": torch.zeros(3, 0, 2),
        "ones": torch.ones(1, 1, 1),
    }
    writer.save("layouts", tensors, tensors)


def types(writer):
    special = [0.0, -0.0, 1.0, -1.5, 0.1, 6e-8, 6.1e-5, 65504.0, math.inf, -math.inf]
    tensors = {str(t).replace("torch.", ""): torch.tensor(special).to(t)
               for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
    tensors["float16_nan"] = torch.tensor([math.nan], dtype=torch.float16)
    for t in (torch.int64, torch.int32, torch.int16, torch.int8):
        info = torch.iinfo(t)
        tensors[str(t).replace("torch.", "")] = torch.tensor([info.min, -1, 0, 7, info.max], dtype=t)
    tensors["uint8"] = torch.tensor([0, 1, 255], dtype=torch.uint8)
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["float16_strided"] = torch.arange(6.0, dtype=torch.float16).reshape(2, 3).t()
    tensors["parameter"] = nn.Parameter(torch.ones(2))
    others = {"complex64": torch.ones(2, dtype=torch.complex64), "float8": torch.ones(2).to(torch.float8_e4m3fn),
              "uint16": torch.ones(2, dtype=torch.uint16),
              "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
              "sparse": torch.eye(2).to_sparse()}
    every = {**tensors, **others}
    writer.save("types", every, every, both=False, unsupported=list(others))
    writer.save("types_plain", {**tensors, "complex64": others["complex64"]},
                {**tensors, "complex64": others["complex64"]}, unsupported=["complex64"])


def protocols(writer):
    value = {"weight": torch.arange(4.0), "nested": {"bias": torch.ones(2), "names": ("a", b"b", {1, 2}, frozenset({3}))}}
    tensors = {"weight": value["weight"], "nested.bias": value["nested"]["bias"]}
    for protocol in (2, 3, 4, 5):
        writer.save(f"protocol{protocol}", value, tensors, protocol=protocol)


def safetensors(writer):
    """A writer of the published layout, so that no package is needed."""
    names = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "uint8": "U8", "bool": "BOOL",
             "float64": "F64"}
    tensors = {"b.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.tensor([0.5, -2.0], dtype=torch.float16),
               "c": torch.tensor([1.0, 3.0], dtype=torch.bfloat16), "n": torch.tensor(7, dtype=torch.int64),
               "m": torch.tensor([True, False]), "none": torch.zeros(0, 4), "d": torch.tensor([0.1], dtype=torch.float64)}
    header, data = {"__metadata__": {"format": "pt", "origin": "\u00e9\U0001f600"}}, b""
    for name, tensor in sorted(tensors.items(), key=lambda item: -item[1].element_size()):
        raw = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        header[name] = {"dtype": names[str(tensor.dtype).replace("torch.", "")], "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / "plain.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    writer.expect("plain.safetensors", {n: tensors[n] for n in header if n != "__metadata__"},
                  metadata=header["__metadata__"])


def arrays(writer):
    """NumPy files; expected as one tensor named 'array'."""
    base = numpy.arange(-6, 6).reshape(2, 3, 2)
    for name in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1"):
        numpy.save(FOLDER / f"array_{name}.npy", (abs(base) if name == "u1" else base).astype(name))
    numpy.save(FOLDER / "array_fortran.npy", numpy.asfortranarray(base.astype("f4")))
    numpy.save(FOLDER / "array_scalar.npy", numpy.float32(2.5))
    numpy.save(FOLDER / "array_empty.npy", numpy.zeros((0, 3), "f4"))
    with open(FOLDER / "array_version2.npy", "wb") as file:
        numpy.lib.format.write_array(file, base.astype("f4"), version=(2, 0))
    for file in sorted(FOLDER.glob("array_*.npy")):
        writer.expect(file.name, {"array": torch.from_numpy(numpy.array(numpy.load(file)).astype("f4"))})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subset", default="", choices=["", "old"])
    writer = Writer(parser.parse_args().subset)
    torch.manual_seed(1)
    # The legacy container keeps the source text and the path of every module's class; neither is wanted here.
    torch.serialization.get_source_lines_and_file = lambda obj, *rest: (["class Net: ...\n"], 1, "net.py")
    FOLDER.mkdir(parents=True, exist_ok=True)
    net = Net()
    if writer.subset:
        state = net.state_dict()
        writer.save("bare", state, state)
        writer.save("module", net, state)
        writer.save("model", {"model": state, "epoch": 3}, state, both=False)
    else:
        containers(writer, net)
        modules(writer, net)
        layouts(writer)
        types(writer)
        protocols(writer)
        safetensors(writer)
        arrays(writer)
    writer.finish()


if __name__ == "__main__":
    main()
