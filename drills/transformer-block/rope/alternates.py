"""Right answers in other styles; the verifier must pass them all."""

import math

import torch


def rotate_half(x, positions, base=10000.0, interleaved=False):
    d = x.size(-1)
    if d % 2 == 1:
        raise ValueError("odd width")
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    inverse = 1.0 / (base ** (torch.arange(0, d, 2, dtype=dtype, device=x.device) / d))
    freqs = positions.to(dtype).unsqueeze(-1) * inverse
    if interleaved:
        full = freqs.repeat_interleave(2, dim=-1)
        partner = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).reshape(x.shape)
    else:
        full = torch.cat((freqs, freqs), dim=-1)
        partner = torch.cat((-x[..., d // 2 :], x[..., : d // 2]), dim=-1)
    return (x * full.cos() + partner * full.sin()).type_as(x)


def complex_numbers(x, positions, base=10000.0, interleaved=False):
    if x.shape[-1] & 1:
        raise ValueError(x.shape)
    half = x.shape[-1] // 2
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    pairs = wide.unflatten(-1, (half, 2)) if interleaved else wide.unflatten(-1, (2, half)).mT
    numbers = torch.view_as_complex(pairs.contiguous())
    exponent = torch.arange(half, device=x.device, dtype=torch.float64) / half
    theta = torch.exp(-math.log(base) * exponent)
    angles = (positions.unsqueeze(-1) * theta).to(wide.dtype)
    turned = torch.view_as_real(numbers * torch.polar(torch.ones_like(angles), angles))
    out = turned if interleaved else turned.mT
    return out.flatten(-2).to(x.dtype)


def pair_by_pair(x, positions, base=10000.0, interleaved=False):
    class OddWidth(ValueError):
        pass

    d = x.shape[-1]
    if d % 2:
        raise OddWidth(d)
    out = torch.empty_like(x, dtype=torch.float64)
    where = positions.double()
    for i in range(d // 2):
        first, second = (2 * i, 2 * i + 1) if interleaved else (i, i + d // 2)
        angle = where * float(base) ** (-2.0 * i / d)
        a, b = x[..., first].double(), x[..., second].double()
        out[..., first] = a * angle.cos() - b * angle.sin()
        out[..., second] = b * angle.cos() + a * angle.sin()
    return out.to(x.dtype)


def rotation_matrices(x, positions, base=10000.0, interleaved=False):
    d = x.shape[-1]
    if d % 2 != 0:
        raise ValueError("head_dim")
    index = torch.arange(d, device=x.device)
    order = index if interleaved else index.view(2, -1).T.reshape(-1)
    back = order.argsort()
    wide = torch.promote_types(x.dtype, torch.float32)
    theta = torch.pow(torch.tensor(base, dtype=wide), -torch.arange(0, d, 2, dtype=wide) / d).to(
        x.device
    )
    angle = positions.to(wide)[..., None] * theta
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], -1)
    rotation = rotation.unflatten(-1, (2, 2))
    pairs = x.to(wide)[..., order].unflatten(-1, (-1, 2, 1))
    return (rotation @ pairs).flatten(-3)[..., back].to(x.dtype)
