#!/usr/bin/env python3
"""Writes Tests/Fixtures/operators for what the published networks need beside convolutions and pools, as
make_operator_fixtures.py does for these. Needs PyTorch."""

import torch
from torch.nn import functional

from make_operator_fixtures import NAN, case, padded, spread, values, write


def binary():
    functions = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div}
    shapes = [((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (2, 3, 1, 1)), ((1, 3, 1, 5), (2, 1, 4, 1)), ((3, 4), (4,)),
              ((2, 3), ())]
    return [case(f"{name} {left} {right}", [values(*left), values(*right) + 3], function, operation=name)
            for name, function in functions.items() for left, right in shapes]


def activations():
    functions = {"Gelu": functional.gelu, "Silu": functional.silu, "HardSwish": functional.hardswish}
    return [case(name, [spread(values(5, 7, scale=3.0), 0.0, NAN, 30.0, -30.0)], function, operation=name)
            for name, function in functions.items()]


def resizes():
    modes = {"bilinear": {"mode": "bilinear", "align_corners": False},
             "bilinear_aligned": {"mode": "bilinear", "align_corners": True}, "nearest": {"mode": "nearest"},
             "bicubic": {"mode": "bicubic", "align_corners": False}}
    sizes = [((3, 4), (9, 8)), ((6, 7), (4, 3)), ((1, 1), (3, 4)), ((5, 5), (1, 1)), ((4, 6), (4, 6))]
    return [case(f"{name} {source} to {target}", [values(2, 2, *source)],
                 lambda x, target=target, options=options: functional.interpolate(x, target, **options),
                 mode=name, size=list(target))
            for name, options in modes.items() for source, target in sizes]


def transposed():
    rows = [("one pixel", (1, 1, 1, 1), (1, 1, 1, 1), (1, 1), 0, 0, 1), ("4x4 s2 p1", (2, 3, 4, 5), (3, 2, 4, 4), (2, 2), 1, 0, 1),
            ("output padding", (1, 2, 3, 3), (2, 3, 3, 3), (2, 2), 1, 1, 1), ("depthwise", (1, 4, 3, 5), (4, 1, 4, 4), (2, 2), 1, 0, 4),
            ("groups, no stride", (1, 4, 3, 5), (4, 3, 2, 3), (1, 1), 0, 0, 2)]
    cases = []
    for name, x, weight, stride, padding, extra, groups in rows:
        def compute(x, weight, bias, stride=stride, padding=padding, extra=extra, groups=groups):
            return functional.conv_transpose2d(x, weight, bias, stride, padding, extra, groups)
        cases.append(case(name, [values(*x), values(*weight, scale=0.5), values(weight[1] * groups)], compute,
                          stride=stride, padding=[padding] * 4, output_padding=[extra, extra], groups=groups))
    return cases


def normalizations():
    x = (2, 5, 3, 4)
    layer = lambda x, scale, bias: functional.layer_norm(x.movedim(1, -1), (5,), scale, bias, 1e-5).movedim(-1, 1)
    return [case("LayerNormalization", [values(*x), values(5), values(5)], layer, operation="LayerNormalization", axis=1),
            case("LogSoftmax", [values(*x, scale=9.0)], lambda x: x.log_softmax(1), operation="LogSoftmax", axis=1),
            case("LogSoftmax, last axis", [values(3, 4)], lambda x: x.log_softmax(-1), operation="LogSoftmax", axis=-1),
            case("L2Normalize", [values(*x)], lambda x: functional.normalize(x, dim=1), operation="L2Normalize", axis=1)]


def joins():
    return [case("channels", [values(2, 3, 4, 5), values(2, 2, 4, 5), values(2, 1, 4, 5)],
                 lambda *parts: torch.cat(parts, 1), operation="Concat", axis=1),
            case("last axis", [values(2, 3), values(2, 4)], lambda *parts: torch.cat(parts, -1), operation="Concat", axis=-1),
            case("part", [values(2, 5, 3, 4)], lambda x: x[:, 1:4], operation="Slice", axis=1, range=[1, 4, 1]),
            case("steps", [values(2, 2, 7, 4)], lambda x: x[:, :, 1::2], operation="Slice", axis=2, range=[1, 7, 2]),
            case("border", [values(1, 2, 3, 4)], lambda x: padded(x, (1, 2, 0, 3), 0.5), operation="Pad",
                 padding=[1, 2, 0, 3]),
            case("order", [values(2, 3, 4, 5)], lambda x: x.permute(0, 2, 3, 1), operation="Transpose", order=[0, 2, 3, 1]),
            case("patches", [values(2, 3, 4, 6)], lambda x: torch.cat(
                [x[:, :, 0::2, 0::2], x[:, :, 1::2, 0::2], x[:, :, 0::2, 1::2], x[:, :, 1::2, 1::2]], 1),
                operation="SpaceToDepth")]


def unpooled():
    def compute(x):
        y, indices = functional.max_pool2d(x, 2, 2, return_indices=True)
        return functional.max_unpool2d(y, indices, 2, 2)
    return [case("pool and unpool", [values(2, 3, 6, 8)], compute)]


def sums():
    return [case("each image", [values(2, 3)] + [values(2, 4, 3, 2) for _ in range(3)],
                 lambda g, *x: sum(g[:, k, None, None, None] * x[k] for k in range(3))),
            case("each channel", [values(1, 2, 4)] + [values(2, 4, 3, 2) for _ in range(2)],
                 lambda g, *x: sum(g[:, k, :, None, None] * x[k] for k in range(2)))]


def attentions():
    def compute(q, k, v, heads):
        split = lambda x: x.flatten(2).unflatten(1, (heads, -1)).transpose(2, 3)
        y = functional.scaled_dot_product_attention(split(q), split(k), split(v))
        return y.transpose(2, 3).flatten(1, 2).unflatten(2, q.shape[2:])
    return [case(f"{heads} heads", [values(2, 6, 2, 3), values(2, 6, 1, 5), values(2, 4, 1, 5)],
                 lambda q, k, v, heads=heads: compute(q, k, v, heads), heads=heads) for heads in (1, 2)]


def main():
    files = {"Binary": binary(), "Activations": activations(), "Resize": resizes(), "ConvolutionTranspose": transposed(),
             "Normalizations": normalizations(), "Joins": joins(), "MaxUnpool": unpooled(), "WeightedSum": sums(),
             "Attention": attentions()}
    for name, cases in files.items():
        write(name, cases)


if __name__ == "__main__":
    main()
