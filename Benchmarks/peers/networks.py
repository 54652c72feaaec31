"""The networks that are compared: their PyTorch modules, and the files that the engines open."""
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MTL_INFER_BINARY", str(ROOT / ".build/release/mtl-infer"))
#: Pictures that the quantizer sees.
CALIBRATION_COUNT = 4
#: Those that run from their checkpoints, and the cases of Tests/Conformance that they stand for.
RECIPES = {"fingers": None, "utkface": "utkface-resnet50", "nyuv2-split": "autolambda-split-nyuv2",
           "nyuv2-mtan": "autolambda-mtan-nyuv2", "swin": "swin-timm", "perceiver": "documents-perceiver"}
NETWORKS = [*RECIPES, "mobile-heads"]
#: What the TorchScript exporter writes of them no engine opens: it gives one operator two types.
DYNAMO = {"perceiver"}


def fingers():
    """The network of models/fingers with its trained weights: module, weights, model.json, input shape, outputs."""
    sys.path.insert(0, str(ROOT / "models/fingers/train"))
    import network
    import torch

    weights = torch.load(ROOT / "models/fingers/best.pt", map_location="cpu")
    module = network.MTLNet()
    module.load_state_dict(weights)
    card = json.loads((ROOT / "models/fingers/model.json").read_text())
    return module.eval(), weights, card, (1, 1, 128, 128), lambda module, image: dict(zip(["hand", "count"], module(image)))


def published(name):
    """The same of a case of Tests/Conformance."""
    sys.path.insert(0, str(ROOT / "Tests/Conformance"))
    from case import with_statistics
    from cases import all_cases

    case = next(case for case in all_cases() if case.name == name)
    module = with_statistics(case.make(), 1)
    card = {"format": 1, "network": {"recipe": case.network, **case.parameters}}
    return module, case.checkpoint(module), card, case.shape, case.outputs


def mobile_heads():
    """A MobileNetV2 with three dense heads: no recipe knows it, so that there is neither checkpoint nor model.json."""
    sys.path.insert(0, str(ROOT / "Tests/Conformance"))
    import torchvision
    from case import with_statistics
    from torch import nn

    def head(classes):
        return nn.Sequential(nn.Conv2d(1280, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(), nn.Conv2d(128, classes, 1),
                             nn.Upsample(size=(256, 256), mode="bilinear", align_corners=False))

    heads = {"segmentation": head(13), "depth": head(1), "normals": head(3)}
    module = nn.ModuleDict({"encoder": torchvision.models.mobilenet_v2(weights=None).features, **heads})

    def outputs(module, image):
        features = module["encoder"](image)
        return {task: module[task](features) for task in heads}

    return with_statistics(module, 1), None, None, (1, 3, 256, 256), outputs


def definition(network):
    if network == "mobile-heads":
        return mobile_heads()
    return published(RECIPES[network]) if RECIPES[network] else fingers()


def prepare(network, folder):
    """Writes model.onnx, image.npy, names.json and float32.npz (the outputs by PyTorch); weights.pt with model.json where
    there is a recipe."""
    import torch

    module, weights, card, shape, outputs = definition(network)

    class Named(torch.nn.Module):
        """The outputs in the order of the names, which ONNX keeps."""

        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, image):
            return tuple(outputs(self.module, image).values())

    image = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32))
    with torch.no_grad():
        results = outputs(module, image)
        form = dict(dynamo=True, external_data=False, verbose=False) if network in DYNAMO else dict(dynamo=False, opset_version=17)
        with contextlib.redirect_stdout(sys.stderr):
            torch.onnx.export(Named().eval(), (image,), str(folder / "model.onnx"), input_names=["image"],
                              output_names=list(results), **form)
    if card is not None:
        torch.save(weights, folder / "weights.pt")
        (folder / "model.json").write_text(json.dumps({**card, "weights": "weights.pt"}))
    (folder / "names.json").write_text(json.dumps(list(results)))
    np.save(folder / "image.npy", image.numpy())
    np.savez(folder / "float32.npz", *(result.numpy() for result in results.values()))


def quantize(folder):
    """Makes model.int8.onnx of model.onnx, and definition.npz, what it gives for image.npy by the standard."""
    import onnxruntime
    from onnxruntime import quantization

    image = np.load(folder / "image.npy")

    class Images(quantization.CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(1)
            self.rest = iter([random.uniform(-1, 1, image.shape).astype(np.float32) for _ in range(CALIBRATION_COUNT)])

        def get_next(self):
            image = next(self.rest, None)
            return None if image is None else {"image": image}

    prepared = folder / "prepared.onnx"
    quantization.shape_inference.quant_pre_process(str(folder / "model.onnx"), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared), str(folder / "model.int8.onnx"), Images(), quant_format=quantization.QuantFormat.QDQ,
        per_channel=True, activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(folder / "model.int8.onnx"), options, providers=["CPUExecutionProvider"])
    np.savez(folder / "definition.npz", *session.run(None, {"image": image}))


@dataclasses.dataclass
class Files:
    """What is made of a network: the folder with image, names and outputs, and the models that the engines open."""

    folder: pathlib.Path
    #: Of the tasks, in the order of the outputs.
    names: list
    #: A checkpoint's folder, an ONNX file or an own file.
    own: pathlib.Path
    #: An ONNX file.
    peers: pathlib.Path


def make_files(network, folder, precision, is_cold):
    """Files for one comparison. A checkpoint runs as it is; a QDQ file is all that there is of a quantized one; and what
    is to open at once, or to compute in bf16, is an own file."""
    prepare(network, folder)
    peers = folder / "model.onnx"
    if precision == "int8":
        quantize(folder)
        peers = folder / "model.int8.onnx"
    own = folder if (folder / "model.json").exists() and precision != "int8" and not is_cold else peers
    if is_cold or precision == "bf16":
        own = compile_model(own, folder / "model.mtl", ["--precision", "bf16"] if precision == "bf16" else [])
    return Files(folder, json.loads((folder / "names.json").read_text()), own, peers)


def compile_model(model, path, options):
    """What `mtl-infer compile` makes of a model."""
    done = subprocess.run([BINARY, "compile", str(model), "-o", str(path), *options], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"mtl-infer compile failed:\n{done.stderr}")
    return path
