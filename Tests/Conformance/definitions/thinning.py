"""The published class with fewer channels: the topology and the key names stay, the file becomes small."""

from torch import nn


def thinned(module: nn.Module, divisor: int) -> nn.Module:
    """`module` with every number of channels divided. Colour channels and the outputs of Linear layers stay."""

    def fewer(channels: int) -> int:
        return channels if channels <= 3 else max(1, channels // divisor)

    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            setattr(module, name, nn.Conv2d(
                fewer(child.in_channels), fewer(child.out_channels), child.kernel_size, child.stride, child.padding,
                child.dilation, bias=child.bias is not None))
        elif isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.BatchNorm2d(fewer(child.num_features), child.eps))
        elif isinstance(child, nn.Linear):
            setattr(module, name, nn.Linear(fewer(child.in_features), child.out_features, child.bias is not None))
        else:
            thinned(child, divisor)
    return module
