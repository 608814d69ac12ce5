"""Right answers in other styles; the verifier must pass them all."""

import torch


def var_with_correction(x, weight, bias, eps=1e-5):
    variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return torch.addcmul(bias, (x - mean) * torch.rsqrt(variance + eps), weight)


def unbiased_false(x, weight, bias, eps=1e-5):
    mu = torch.mean(x, dim=-1, keepdim=True)
    sigma = torch.sqrt(x.var(dim=-1, keepdim=True, unbiased=False) + eps)
    normal = (x - mu).div(sigma)
    return weight * normal + bias


def sums_and_einsum(x, weight, bias, eps=1e-5):
    d = x.size(-1)
    total = torch.einsum("...i->...", x).unsqueeze(-1)
    centred = x - total / d
    squares = torch.einsum("...i,...i->...", centred, centred).unsqueeze(-1) / d
    result = centred.clone()
    result = result * (squares + eps).pow(-0.5)
    return torch.einsum("...i,i->...i", result, weight) + bias


def upcasts_inside(x, weight, bias, eps=1e-5):
    wide = x.double()
    wide = wide - wide.mean(dim=-1, keepdim=True)
    norm = wide.square().mean(dim=-1, keepdim=True).add(eps).sqrt()
    return (wide / norm * weight.double() + bias.double()).to(x.dtype)


def matrix_of_centring(x, weight, bias, eps=1e-5):
    d = x.shape[-1]
    centring = torch.eye(d, dtype=x.dtype, device=x.device) - 1.0 / d
    centred = (x - x[..., :1].detach()) @ centring
    length = torch.linalg.vector_norm(centred, dim=-1, keepdim=True)
    scale = torch.hypot(length / d**0.5, x.new_tensor(eps).sqrt())
    return centred / scale * weight + bias


def as_one_group(x, weight, bias, eps=1e-5):
    # Group normalisation with a single group is layer normalisation; it is not banned.
    if x.numel() < 2:
        return (x - x) * weight + bias
    rows = x.reshape(-1, x.shape[-1])
    return torch.nn.functional.group_norm(rows, 1, weight, bias, eps).reshape(x.shape)


class _OwnBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
        inverse = torch.rsqrt(variance + eps)
        normed = (x - mean) * inverse
        ctx.save_for_backward(normed, inverse, weight)
        return torch.addcmul(bias, normed, weight)

    @staticmethod
    def backward(ctx, grad):
        normed, inverse, weight = ctx.saved_tensors
        inner = grad * weight
        through_mean = inner.mean(-1, keepdim=True)
        through_variance = normed * (inner * normed).mean(-1, keepdim=True)
        rows = tuple(range(grad.dim() - 1))
        to_weight, to_bias = grad * normed, grad
        if rows:
            to_weight, to_bias = to_weight.sum(rows), to_bias.sum(rows)
        return (inner - through_mean - through_variance) * inverse, to_weight, to_bias, None


def own_backward(x, weight, bias, eps=1e-5):
    return _OwnBackward.apply(x, weight, bias, eps)
