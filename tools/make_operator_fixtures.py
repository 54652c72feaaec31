#!/usr/bin/env python3
"""Writes Tests/Fixtures/operators: for each operator, small cases with the values that PyTorch computes in float64.

Needs PyTorch. Run it from anywhere. A file OPERATOR.json is a list of cases: a name, the operator's attributes, its
input tensors and its output. Values are float32 as short decimal numbers; NaN and infinities are texts.
"""

import json
import math
from pathlib import Path

import torch
from torch.nn import functional

FOLDER = Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "operators"
generator = torch.Generator().manual_seed(20)
NAN, INFINITY = math.nan, math.inf


def values(*shape, scale=1.0, source=generator):
    """Random numbers of three decimals, so that the files stay small."""
    drawn = torch.randn(shape, generator=source, dtype=torch.float64) * scale
    return (drawn * 1000).round().div(1000).to(torch.float32)


def spread(tensor, *specials):
    """Puts special numbers at places that depend on nothing but the size."""
    flat = tensor.reshape(-1)
    for index, special in enumerate(specials):
        flat[(index * 7 + 3) % flat.numel()] = special
    return tensor


def number(value):
    return float(f"{value:.9g}") if math.isfinite(value) else repr(value)


def facts(tensor):
    tensor = tensor.to(torch.float32)
    return {"shape": list(tensor.shape), "values": [number(value) for value in tensor.reshape(-1).tolist()]}


def case(name, inputs, function, **attributes):
    output = function(*[tensor.to(torch.float64) for tensor in inputs])
    inputs = [facts(tensor) for tensor in inputs]
    return {"name": name, "attributes": attributes, "inputs": inputs, "output": facts(output)}


def padded(x, padding, fill=0.0):
    """Top, left, bottom, right."""
    top, left, bottom, right = padding
    return functional.pad(x, (left, right, top, bottom), value=fill)


def convolution(name, x_shape, weight_shape, bias=True, stride=(1, 1), dilation=(1, 1), padding=(0, 0, 0, 0), groups=1):
    inputs = [values(*x_shape), values(*weight_shape, scale=0.5)] + ([values(weight_shape[0])] if bias else [])

    def compute(x, weight, bias=None):
        return functional.conv2d(padded(x, padding), weight, bias, stride, 0, dilation, groups)

    return case(name, inputs, compute, stride=stride, dilation=dilation, padding=padding, groups=groups)


def convolutions():
    return [
        convolution("one pixel", (1, 1, 1, 1), (1, 1, 1, 1)),
        convolution("same size", (1, 3, 7, 5), (4, 3, 3, 3), padding=(1, 1, 1, 1)),
        convolution("no bias, two images", (2, 2, 5, 6), (3, 2, 2, 3), bias=False),
        convolution("strides that leave a rest", (1, 2, 9, 8), (2, 2, 3, 2), stride=(2, 3)),
        convolution("dilation", (1, 2, 9, 11), (3, 2, 3, 3), dilation=(2, 4), padding=(2, 4, 2, 4)),
        convolution("dilation beyond the image", (1, 2, 5, 4), (2, 2, 3, 3), dilation=(12, 6), padding=(12, 6, 12, 6)),
        convolution("padding on every side its own", (1, 2, 5, 5), (2, 2, 3, 4), padding=(2, 0, 1, 3), stride=(2, 1)),
        convolution("two groups", (1, 4, 5, 5), (6, 2, 3, 3), groups=2, padding=(1, 1, 1, 1)),
        convolution("depthwise with two filters", (2, 3, 6, 5), (6, 1, 3, 3), groups=3, stride=(2, 2)),
        convolution("padding wider than the kernel", (1, 1, 2, 3), (2, 1, 2, 2), padding=(3, 4, 5, 2)),
        convolution("wide kernel", (1, 1, 11, 12), (1, 1, 11, 1), padding=(5, 0, 5, 0)),
    ]


def maximum(name, x, kernel, stride, dilation=(1, 1), padding=(0, 0, 0, 0), ceil=False):
    top, left, bottom, right = padding

    def compute(x):
        if (top, left) == (bottom, right):
            return functional.max_pool2d(x, kernel, stride, (top, left), dilation, ceil)
        return functional.max_pool2d(padded(x, padding, -INFINITY), kernel, stride, 0, dilation, ceil)

    return case(name, [x], compute, kernel=kernel, stride=stride, dilation=dilation, padding=padding, ceil=ceil)


def partial_windows(count, seed, largest_dilation):
    """Random pools whose last windows are partial, most of them with a window larger than the padded image: an image,
    kernel, stride, dilation and padding that PyTorch takes. Their own generator leaves the other cases as they are."""
    source = torch.Generator().manual_seed(seed)

    def draw(lowest, highest):
        return torch.randint(lowest, highest + 1, (2,), generator=source).tolist()

    found = []
    while len(found) < count:
        kernel, stride, dilation, size = draw(1, 6), draw(1, 5), draw(1, largest_dilation), draw(1, 7)
        padding = [draw(0, side // 2)[0] for side in kernel]
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
        is_larger = any(side + 2 * pad < span for side, pad, span in zip(size, padding, spans))
        x = values(1, 1, *size, source=source)
        try:
            functional.max_pool2d(x, kernel, stride, padding, dilation, True)
        except RuntimeError:
            continue
        if is_larger or len(found) % 4 == 3:
            found.append((x, kernel, stride, dilation, padding * 2))
    return found


def maxima():
    partial = partial_windows(12, 31, 3)
    return [
        maximum("a window wider than the image", values(1, 1, 15, 3, source=torch.Generator().manual_seed(30)), (3, 5),
                (4, 4), ceil=True),
        *[maximum(f"partial windows {index}", *facts, ceil=True) for index, facts in enumerate(partial)],
        maximum("halving", values(2, 3, 6, 8), (2, 2), (2, 2)),
        maximum("as after a stem", values(1, 2, 7, 9), (3, 3), (2, 2), padding=(1, 1, 1, 1)),
        maximum("partial windows", values(1, 2, 7, 8), (3, 3), (2, 3), ceil=True),
        maximum("a partial window that would start in the padding", values(1, 1, 3, 5), (2, 2), (2, 2),
                padding=(1, 1, 1, 1), ceil=True),
        maximum("dilation", values(1, 2, 8, 9), (3, 2), (1, 2), dilation=(2, 3), padding=(1, 1, 1, 1)),
        maximum("windows over nothing", values(1, 1, 1, 1), (2, 2), (1, 1), dilation=(2, 2), padding=(1, 1, 1, 1)),
        maximum("padding on every side its own", values(1, 2, 5, 6), (3, 2), (2, 1), padding=(1, 0, 0, 1)),
        maximum("a NaN wins", spread(values(1, 2, 5, 5), NAN, INFINITY, -INFINITY), (2, 3), (1, 2)),
        maximum("all below zero", -values(1, 1, 4, 4).abs() - 1, (3, 3), (1, 1), padding=(1, 1, 1, 1)),
    ]


def average(name, x, kernel, stride, padding=(0, 0, 0, 0), ceil=False, counts_padding=True):
    top, left, bottom, right = padding

    def compute(x):
        if (top, left) == (bottom, right):
            return functional.avg_pool2d(x, kernel, stride, (top, left), ceil, counts_padding)
        return functional.avg_pool2d(padded(x, padding), kernel, stride, 0, ceil, True)

    return case(name, [x], compute, kernel=kernel, stride=stride, padding=padding, ceil=ceil,
                counts_padding=counts_padding)


def averages():
    cases = [average("padding on every side its own", values(1, 2, 5, 6), (3, 2), (2, 1), padding=(1, 0, 0, 1)),
             average("NaN and infinity", spread(values(1, 2, 5, 5), NAN, INFINITY), (2, 3), (1, 2)),
             average("a window wider than the image", values(1, 1, 15, 3, source=torch.Generator().manual_seed(30)),
                     (3, 5), (4, 4), ceil=True)]
    cases += [average(f"partial windows {index}", x, kernel, stride, padding, True, index % 2 == 0)
              for index, (x, kernel, stride, _, padding) in enumerate(partial_windows(12, 32, 1))]
    for counts_padding in (True, False):
        name = "with padding" if counts_padding else "without padding"
        cases += [
            average("halving " + name, values(2, 3, 6, 8), (2, 2), (2, 2), counts_padding=counts_padding),
            average("edges " + name, values(1, 2, 7, 5), (3, 5), (2, 2), (1, 2, 1, 2), counts_padding=counts_padding),
            average("partial windows " + name, values(1, 2, 8, 8), (3, 3), (2, 3), (0, 0, 0, 0), True, counts_padding),
            average("partial windows over padding " + name, values(1, 2, 7, 7), (4, 4), (2, 3), (2, 1, 2, 1), True,
                    counts_padding),
            average("a partial window that would start in the padding " + name, values(1, 1, 3, 5), (2, 2), (2, 2),
                    (1, 1, 1, 1), True, counts_padding),
        ]
    return cases


def normalization(name, shape, epsilon):
    channels = shape[1]
    inputs = [values(*shape), values(channels), values(channels), values(channels), values(channels).abs() + 0.01]

    def compute(x, scale, bias, mean, variance):
        return functional.batch_norm(x, mean, variance, scale, bias, False, 0.1, epsilon)

    return case(name, inputs, compute, epsilon=epsilon)


def linear(name, rows, depth, outputs, bias=True):
    inputs = [values(rows, depth), values(outputs, depth)] + ([values(outputs)] if bias else [])
    return case(name, inputs, functional.linear)


def elementwise(function):
    specials = values(2, 3, 5, 7, scale=3)
    spread(specials, NAN, INFINITY, -INFINITY, 0.0, 100.0, -100.0)
    return [case("every kind of number", [specials], function), case("one number", [values(1)], function)]


def softmax(name, x, axis):
    return case(name, [x], lambda x: functional.softmax(x, axis), axis=axis)


def write(name, cases):
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in cases)
    (FOLDER / f"{name}.json").write_text(f"[\n{text}\n]\n")


def main():
    write("Convolution", convolutions())
    write("MaxPool", maxima())
    write("AveragePool", averages())
    write("BatchNormalization", [normalization("images", (2, 3, 4, 5), 1e-5), normalization("rows", (3, 7), 1e-3),
                                 normalization("volumes", (1, 2, 3, 2, 2), 1e-5)])
    write("Gemm", [linear("rows", 3, 7, 5), linear("no bias", 2, 33, 4, bias=False), linear("one", 1, 1, 1)])
    write("GlobalAveragePool", [case(f"{rows}x{columns}", [values(2, 3, rows, columns)], lambda x: x.mean((2, 3), True))
                                for rows, columns in ((1, 1), (5, 7))])
    write("Flatten", [case(f"axis {axis}", [values(2, 3, 2, 2)], function, axis=axis) for axis, function in (
        (0, lambda x: x.reshape(1, 24)), (1, lambda x: x.flatten(1)), (2, lambda x: x.reshape(6, 4)),
        (4, lambda x: x.reshape(24, 1)))])
    write("Relu", elementwise(functional.relu))
    write("Sigmoid", elementwise(torch.sigmoid))
    write("Tanh", elementwise(torch.tanh))
    write("LeakyRelu", [{**entry, "attributes": {"slope": slope}} for slope in (0.01, 0.2) for entry in elementwise(
        lambda x: functional.leaky_relu(x, slope))])
    write("Softmax", [
        softmax("last axis", values(3, 5), -1), softmax("channels of images", values(2, 3, 2, 4), 1),
        softmax("first axis", values(4, 3), 0), softmax("large values", values(2, 6, scale=1000), 1),
        softmax("one element", values(3, 1), 1), softmax("a NaN spoils its row", spread(values(3, 4), NAN), 1),
        softmax("minus infinity", spread(values(3, 4), -INFINITY), 1)])


if __name__ == "__main__":
    main()
