"""Exports networks of torchvision and timm to ONNX, with both of PyTorch's exporters, and compares with ONNX Runtime.

    MTL_INFER_LIBRARY=.build/release/libmtl_infer.so MTL_INFER_BINARY=.build/release/mtl-infer \
        python Tests/Conformance/onnx_zoo.py [--exporter torchscript|dynamo] [--times] [NAME ...]

Needs torch, torchvision, timm, onnx, onnxscript and onnxruntime. Weights are random, with batch-norm statistics of a random
batch. The table: network, exporter, nodes of the file, steps of the plan without a kernel, largest difference from ONNX
Runtime relative to the output's range, and with --times how long ONNX Runtime takes relative to us on one thread.
"""
import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy
import onnx
import onnxruntime
import timm
import torch
import torchvision

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "python"))
import mtl_infer  # noqa: E402

BINARY = os.environ.get("MTL_INFER_BINARY", str(ROOT / ".build/release/mtl-infer"))
LARGEST_DIFFERENCE = 1e-3

VISION = {
    "resnet18": 64, "resnet50": 64, "resnext50_32x4d": 64, "wide_resnet50_2": 64, "vgg11_bn": 224, "alexnet": 224,
    "densenet121": 64, "googlenet": 96, "inception_v3": 299, "mobilenet_v2": 64, "mobilenet_v3_small": 64,
    "mobilenet_v3_large": 64, "efficientnet_b0": 64, "efficientnet_v2_s": 64, "mnasnet1_0": 64, "shufflenet_v2_x1_0": 64,
    "squeezenet1_1": 64, "regnet_y_400mf": 64, "regnet_x_400mf": 64, "convnext_tiny": 64, "vit_b_16": 224, "swin_t": 64,
    "swin_v2_t": 64, "maxvit_t": 224,
}
DENSE = {"deeplabv3_resnet50": 64, "fcn_resnet50": 64, "lraspp_mobilenet_v3_large": 64, "deeplabv3_mobilenet_v3_large": 64}
TIMM = {
    "deit_tiny_patch16_224": 224, "beit_base_patch16_224": 224, "mixer_s16_224": 224, "poolformer_s12": 64,
    "coatnet_0_rw_224": 224, "hrnet_w18_small": 64, "ghostnet_100": 64, "resnest14d": 64, "rexnet_100": 64,
    "tf_efficientnet_lite0": 64, "efficientformer_l1": 224, "mobilevit_xs": 64, "convnextv2_atto": 64, "gmlp_s16_224": 224,
    "resmlp_12_224": 224, "cait_xxs24_224": 224, "xcit_nano_12_p16_224": 224, "pvt_v2_b0": 64, "twins_pcpvt_small": 224,
    "edgenext_xx_small": 64, "dla34": 64, "res2net50_26w_4s": 64, "seresnet50": 64, "skresnet18": 64, "repvgg_a0": 64,
    "hardcorenas_a": 64, "fbnetc_100": 64, "levit_128s": 224, "crossvit_tiny_240": 240, "davit_tiny": 64,
}


def build(name):
    """The network and its picture's side."""
    torch.manual_seed(0)
    if name in VISION:
        options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        return torchvision.models.get_model(name, weights=None, **options), VISION[name]
    if name in DENSE:
        return torchvision.models.get_model(name, weights=None, weights_backbone=None), DENSE[name]
    return timm.create_model(name, pretrained=False), TIMM[name]


class Plain(torch.nn.Module):
    """Outputs as a tuple: dense networks return a dictionary."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        result = self.network(image)
        return tuple(result.values()) if isinstance(result, dict) else result


def prepare(name):
    network, side = build(name)
    for parameter in network.parameters():
        # Layers that start at zero would hide everything before them.
        if not parameter.detach().any():
            torch.nn.init.normal_(parameter, std=0.05)
    network.train()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        # A few steps bring the statistics near those of the activations.
        for _ in range(3):
            network(torch.rand(2, 3, max(side, 96) if side < 224 else side, max(side, 96) if side < 224 else side,
                               generator=generator))
    return Plain(network).eval(), torch.rand(1, 3, side, side, generator=generator)


def export(network, image, path, exporter):
    # The exporters print what they do.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        export_quietly(network, image, path, exporter)


def export_quietly(network, image, path, exporter):
    if exporter == "dynamo":
        torch.onnx.export(network, (image,), str(path), dynamo=True, external_data=True, verbose=False)
    else:
        torch.onnx.export(network, (image,), str(path), dynamo=False, opset_version=17, input_names=["image"])


def steps_without_kernel(path):
    done = subprocess.run([BINARY, "inspect", str(path), "--plan", "--json"], capture_output=True, text=True)
    if done.returncode:
        return [done.stderr.strip()[-120:]]
    return sorted({step["kernel"] for step in json.loads(done.stdout)["plan"] or [] if "reference" in step["kernel"]})


def median_time(run):
    run()
    times = []
    for _ in range(9):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def compare(name, exporter, network, image, folder, times):
    path = folder / f"{exporter}.onnx"
    export(network, image, path, exporter)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    peer = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    array = image.numpy()
    feed = {peer.get_inputs()[0].name: array}
    expected = peer.run(None, feed)
    model = mtl_infer.load(path)
    session = model.session(threads=1)
    found = session.run(tensors=array)
    names = [task.name for task in model.tasks]
    difference = max(
        float(numpy.abs(found[task] - other).max() / max(numpy.ptp(other), 1e-6)) for task, other in zip(names, expected))
    nodes = len(onnx.load(str(path), load_external_data=False).graph.node)
    ratio = ""
    if times:
        ratio = f"{median_time(lambda: peer.run(None, feed)) / median_time(lambda: session.run(tensors=array)):.2f}"
    return nodes, steps_without_kernel(path), difference, ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*VISION, *DENSE, *TIMM]
    parser.add_argument("names", nargs="*", metavar="NAME", help="all if left out")
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"])
    parser.add_argument("--times", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    warnings.filterwarnings("ignore")
    torch.set_num_threads(2)
    print("| network | exporter | nodes | steps without a kernel | largest difference | ONNX Runtime / us |\n|---|---|---|---|---|---|")
    problems = []
    for name in arguments.names or known:
        try:
            network, image = prepare(name)
        except Exception as error:
            problems.append(f"{name}: cannot be made: {error}")
            continue
        for exporter in [arguments.exporter] if arguments.exporter else ["torchscript", "dynamo"]:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    nodes, steps, difference, ratio = compare(name, exporter, network, image, Path(folder), arguments.times)
                except mtl_infer.errors.MTLError as error:
                    print(f"| {name} | {exporter} | | {error} | | |", flush=True)
                    problems.append(f"{name}, {exporter}: {error}")
                    continue
                except Exception as error:
                    print(f"| {name} | {exporter} | | not exported: {str(error).splitlines()[0][:120]} | | |", flush=True)
                    continue
            print(f"| {name} | {exporter} | {nodes} | {', '.join(steps) or 0} | {difference:.0e} | {ratio} |", flush=True)
            if not difference <= LARGEST_DIFFERENCE:
                problems.append(f"{name}, {exporter}: differs by {difference:.1e} of the range")
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
