"""Keys on convolution by torch layers on the meta device, sets of pixels, and autograd."""

import torch
from torch import nn


def conv_pool_size(n, k, s, p, d, w):
    layers = nn.Sequential(nn.Conv2d(1, 1, k, s, p, d), nn.MaxPool2d(w, 2)).to("meta")
    return layers(torch.empty(1, 1, n, n, device="meta")).shape[-1]


def receptive_field(k1, s1, w, k3, d3):
    """Walk back from one output to the set of everything it reads."""
    seen = {0}
    for kernel, stride, dilation in ((k3, 1, d3), (w, 2, 1), (k1, s1, 1)):
        seen = {i * stride + j * dilation for i in seen for j in range(kernel)}
    return max(seen) - min(seen) + 1


def pooled_gradient(row, grads, value):
    x = torch.tensor([row], dtype=torch.float64, requires_grad=True)
    pooled = nn.functional.max_pool1d(x, kernel_size=3, stride=1)
    pooled.backward(torch.tensor([grads], dtype=torch.float64))
    return float(x.grad[0, row.index(value)])


def layer_parameters(c_in, c_out, k, groups):
    layers = nn.Sequential(nn.Conv2d(c_in, c_out, k, groups=groups), nn.BatchNorm2d(c_out))
    return sum(p.numel() for p in layers.to("meta").parameters())
