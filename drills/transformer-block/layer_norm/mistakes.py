"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def _centred(x):
    return x - x.mean(-1, keepdim=True)


def sample_variance(x, weight, bias, eps=1e-5):
    """You divide by d − 1. That is the sample variance, the default of `x.var(-1)` and `x.std(-1)`;
    normalisation layers use the population variance, `unbiased=False` or `correction=0`."""
    variance = _centred(x).pow(2).sum(-1, keepdim=True) / (x.shape[-1] - 1)
    return _centred(x) / (variance + eps).sqrt() * weight + bias


def eps_outside_the_root(x, weight, bias, eps=1e-5):
    """You add eps after taking the root. It belongs to the variance, under the root. On a constant
    vector you divide by 1e-5 where √1e-5 ≈ 0.003 is meant, and the gradient of the root is infinite
    there."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / (variance.sqrt() + eps) * weight + bias


def no_eps(x, weight, bias, eps=1e-5):
    """You leave eps out. A constant vector then gives 0 / 0 = nan, and a nearly constant one is blown
    up."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / variance.sqrt() * weight + bias


def fixed_eps(x, weight, bias, eps=1e-5):
    """You use 1e-5 whatever `eps` says. Models differ (1e-12 in BERT, 1e-6 in T5); use the argument."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / (variance + 1e-5).sqrt() * weight + bias


def sum_instead_of_mean(x, weight, bias, eps=1e-5):
    """You add up the squared deviations and forget to divide by d. The result then shrinks as vectors grow
    longer: its variance is 1/d, not 1."""
    variance = _centred(x).pow(2).sum(-1, keepdim=True)
    return _centred(x) / (variance + eps).sqrt() * weight + bias


def weight_before_the_statistics(x, weight, bias, eps=1e-5):
    """You multiply by the weight before you normalise. The statistics then undo part of it. Normalise
    first, scale and shift afterwards."""
    centred = _centred(x * weight)
    return centred / (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt() + bias


def divides_by_variance(x, weight, bias, eps=1e-5):
    """You divide by the variance. Dividing by the standard deviation, its root, gives variance 1."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / (variance + eps) * weight + bias


def not_centred(x, weight, bias, eps=1e-5):
    """You divide by the standard deviation but never subtract the mean. The result should have mean 0
    before scale and shift."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return x / (variance + eps).sqrt() * weight + bias


def rms_norm(x, weight, bias, eps=1e-5):
    """You wrote RMSNorm with a bias: it divides by the root mean square and never subtracts the mean.
    Layer norm centres each vector first."""
    return x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight + bias


def over_all_axes(x, weight, bias, eps=1e-5):
    """Your statistics run over the whole tensor. Each vector along the last axis has its own."""
    centred = x - x.mean()
    return centred / (centred.pow(2).mean() + eps).sqrt() * weight + bias


def over_the_batch(x, weight, bias, eps=1e-5):
    """Your statistics run over the first axis, as batch normalisation's do. Layer normalisation looks at
    one vector at a time, so that a token's result does not depend on its neighbours."""
    centred = x - x.mean(0, keepdim=True)
    return centred / (centred.pow(2).mean(0, keepdim=True) + eps).sqrt() * weight + bias


def over_sequence_and_features(x, weight, bias, eps=1e-5):
    """Your statistics run over everything but the first axis. They are over the last axis alone."""
    axes = tuple(range(1, x.dim())) if x.dim() > 1 else (0,)
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.pow(2).mean(axes, keepdim=True) + eps).sqrt() * weight + bias


def mean_of_squares_minus_square(x, weight, bias, eps=1e-5):
    """You compute the variance as E[x²] − E[x]². With a mean far above the spread both terms round to
    the same number and the variance is lost, or even negative. Centre first, then square."""
    mean = x.mean(-1, keepdim=True)
    variance = x.pow(2).mean(-1, keepdim=True) - mean.pow(2)
    return (x - mean) / (variance + eps).sqrt() * weight + bias


def no_bias(x, weight, bias, eps=1e-5):
    """You never add the bias. Each feature has a learned shift of its own, added last."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / (variance + eps).sqrt() * weight + 0 * bias


def no_weight(x, weight, bias, eps=1e-5):
    """You never multiply by the weight. Each feature has a learned scale of its own."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / (variance + eps).sqrt() + bias + 0 * weight


def bias_before_weight(x, weight, bias, eps=1e-5):
    """You add the bias before scaling, so it is scaled as well: (n + b) · w instead of n · w + b, with
    n the normalised vector."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return (_centred(x) / (variance + eps).sqrt() + bias) * weight


def detached_statistics(x, weight, bias, eps=1e-5):
    """You detach the mean and the variance. They depend on x, and their part of the gradient removes
    its mean and its component along the normalised x. Without it the model learns from a wrong
    gradient."""
    mean = x.mean(-1, keepdim=True).detach()
    variance = (x - mean).pow(2).mean(-1, keepdim=True).detach()
    return (x - mean) / (variance + eps).sqrt() * weight + bias


def detached_mean(x, weight, bias, eps=1e-5):
    """You detach the mean. Every element of x moves it, so the gradient must run through it as well;
    without that part the gradients of a vector no longer add up to 0."""
    centred = x - x.mean(-1, keepdim=True).detach()
    return centred / (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight + bias


def detached_variance(x, weight, bias, eps=1e-5):
    """You detach the variance. It depends on x as well, so the gradient of x must run through it
    too."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True).detach()
    return _centred(x) / (variance + eps).sqrt() * weight + bias


def clamped_variance(x, weight, bias, eps=1e-5):
    """You use eps as a floor (`clamp(min=eps)`). It is added to every variance, large or small."""
    variance = _centred(x).pow(2).mean(-1, keepdim=True)
    return _centred(x) / variance.clamp(min=eps).sqrt() * weight + bias


def always_float32(x, weight, bias, eps=1e-5):
    """You compute and return float32 whatever comes in. Return the dtype of x, and do not lose the
    digits of float64."""
    y = x.float()
    centred = y - y.mean(-1, keepdim=True)
    scaled = centred / (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt()
    return scaled * weight.float() + bias.float()


def changes_x_in_place(x, weight, bias, eps=1e-5):
    """You centre the caller's tensor in place. The residual connection still needs it: make a new
    one."""
    with torch.no_grad():
        x -= x.mean(-1, keepdim=True)
    variance = x.pow(2).mean(-1, keepdim=True)
    return x / (variance + eps).sqrt() * weight + bias


def sample_deviation_plus_eps(x, weight, bias, eps=1e-5):
    """You divide by `x.std(-1) + eps`, as some well-known code does, and that differs twice from
    layer norm. `std` divides by d − 1 unless told otherwise; the variance here divides by d. And eps
    is added to the variance, inside the root."""
    squares = _centred(x).pow(2).sum(-1, keepdim=True)
    deviation = (squares / (x.shape[-1] - 1)).sqrt()  # `std`, which warns where d is 1
    return _centred(x) / (deviation + eps) * weight + bias
