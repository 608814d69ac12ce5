"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def _frozen(x, weight, bias):
    return x @ weight.T if bias is None else x @ weight.T + bias


def _low_rank(x, lora_a, lora_b):
    return x @ lora_a.T @ lora_b.T


def scale_is_alpha(x, weight, bias, lora_a, lora_b, alpha):
    """You scale by alpha. The scale is alpha / r: dividing by the rank keeps the size of the correction
    about the same when the rank changes."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * alpha


def scale_left_out(x, weight, bias, lora_a, lora_b, alpha):
    """You leave the scale out. The correction B A x is multiplied by alpha / r."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b)


def scale_upside_down(x, weight, bias, lora_a, lora_b, alpha):
    """You scale by r / alpha. It is alpha / r: a larger alpha makes the correction larger."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * (lora_a.shape[0] / alpha)


def scale_by_root_of_rank(x, weight, bias, lora_a, lora_b, alpha):
    """You scale by alpha / √r. That is rank-stabilised LoRA (rsLoRA); the original divides by r."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * (
        alpha / lora_a.shape[0] ** 0.5
    )


def scale_times_rank(x, weight, bias, lora_a, lora_b, alpha):
    """You multiply by the rank. The scale is alpha divided by r, so that a higher rank does not make the
    correction larger."""
    scale = alpha * lora_a.shape[0]
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * scale


def alpha_left_out(x, weight, bias, lora_a, lora_b, alpha):
    """You divide by the rank and forget alpha. The scale is alpha / r."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) / lora_a.shape[0]


def rank_from_the_smallest_size(x, weight, bias, lora_a, lora_b, alpha):
    """You take the smallest size for the rank. A rank may exceed a width of the layer: A is (r, d_in), so
    the rank is `lora_a.shape[0]`."""
    scale = alpha / min(*lora_a.shape, *lora_b.shape)
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * scale


def rank_from_the_wrong_axis(x, weight, bias, lora_a, lora_b, alpha):
    """You read the rank off the wrong axis (d_in instead of r). A is (r, d_in): its first axis is the
    rank."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * (alpha / lora_a.shape[1])


def rank_from_the_output(x, weight, bias, lora_a, lora_b, alpha):
    """You divide by d_out, the first axis of B. B is (d_out, r): its last axis is the rank."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * (alpha / lora_b.shape[0])


def integer_scale(x, weight, bias, lora_a, lora_b, alpha):
    """You divide alpha by r with `//`, which rounds the scale down: alpha 16 at rank 3 is 5.33, not 5, and
    alpha 1 at rank 2 switches the adapter off."""
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * (alpha // lora_a.shape[0])


def scales_everything(x, weight, bias, lora_a, lora_b, alpha):
    """You scale the frozen part as well. Only the correction is multiplied by alpha / r."""
    total = _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b)
    return total * (alpha / lora_a.shape[0])


def scales_twice(x, weight, bias, lora_a, lora_b, alpha):
    """You scale after A and again after B. The correction is multiplied by alpha / r once."""
    scale = alpha / lora_a.shape[0]
    return _frozen(x, weight, bias) + ((x @ lora_a.T * scale) @ lora_b.T) * scale


def forgets_bias(x, weight, bias, lora_a, lora_b, alpha):
    """You never add the bias. The frozen layer keeps it; LoRA changes only the weight."""
    return x @ weight.T + _low_rank(x, lora_a, lora_b) * (alpha / lora_a.shape[0])


def bias_required(x, weight, bias, lora_a, lora_b, alpha):
    """You add the bias without asking whether there is one. `bias` may be None, as in most attention
    projections."""
    return x @ weight.T + bias + _low_rank(x, lora_a, lora_b) * (alpha / lora_a.shape[0])


def scales_the_bias(x, weight, bias, lora_a, lora_b, alpha):
    """You add the bias to the correction before scaling, so it is scaled too."""
    correction = _low_rank(x, lora_a, lora_b)
    if bias is not None:
        correction = correction + bias
    return x @ weight.T + correction * (alpha / lora_a.shape[0])


def correction_only(x, weight, bias, lora_a, lora_b, alpha):
    """You return the correction alone. It is added to what the frozen layer gives."""
    return _low_rank(x, lora_a, lora_b) * (alpha / lora_a.shape[0]) + 0.0 * _frozen(x, weight, bias)


def frozen_only(x, weight, bias, lora_a, lora_b, alpha):
    """You return the frozen layer's result without the correction. With B = 0, its usual start, nobody
    would notice; after the first step they would."""
    return _frozen(x, weight, bias) + 0.0 * _low_rank(x, lora_a, lora_b)


def subtracts(x, weight, bias, lora_a, lora_b, alpha):
    """You subtract the correction. It is added: with trained factors yours pushes every output the wrong
    way."""
    return _frozen(x, weight, bias) - _low_rank(x, lora_a, lora_b) * (alpha / lora_a.shape[0])


def detached_input(x, weight, bias, lora_a, lora_b, alpha):
    """You feed the low-rank path a detached x. Part of the gradient of x is then missing, and the
    layers below learn the wrong thing."""
    correction = _low_rank(x.detach(), lora_a, lora_b)
    return _frozen(x, weight, bias) + correction * (alpha / lora_a.shape[0])


def frozen_without_gradient(x, weight, bias, lora_a, lora_b, alpha):
    """You compute the frozen part from a detached x or under `torch.no_grad()`. The weight needs no gradient, but x does, and
    its gradient flows through W; `requires_grad=False` on the weight is enough."""
    with torch.no_grad():
        frozen = _frozen(x, weight, bias)
    return frozen + _low_rank(x, lora_a, lora_b) * (alpha / lora_a.shape[0])


def freezes_a(x, weight, bias, lora_a, lora_b, alpha):
    """You give A no gradient. Both factors are trained: only the weight and the bias are frozen."""
    correction = _low_rank(x, lora_a.detach(), lora_b)
    return _frozen(x, weight, bias) + correction * (alpha / lora_a.shape[0])


def freezes_b(x, weight, bias, lora_a, lora_b, alpha):
    """You give B no gradient. It starts at 0 and is the first to move: without its gradient A never
    gets one either, and nothing is trained."""
    scale = alpha / lora_a.shape[0]
    return _frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b.detach()) * scale


def cuts_the_graph(x, weight, bias, lora_a, lora_b, alpha):
    """No gradient arrives anywhere: the result was detached or computed under `torch.no_grad()`. Only the
    weight and the bias are frozen; x, A and B need theirs."""
    scale = alpha / lora_a.shape[0]
    return (_frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * scale).detach()


def drops_size_one(x, weight, bias, lora_a, lora_b, alpha):
    """You `squeeze` the result. A batch of one stays a batch: the result has the leading shape of x,
    whatever the sizes."""
    scale = alpha / lora_a.shape[0]
    return (_frozen(x, weight, bias) + _low_rank(x, lora_a, lora_b) * scale).squeeze()


def always_float32(x, weight, bias, lora_a, lora_b, alpha):
    """You compute and return float32 whatever comes in. Keep the dtype of the inputs."""
    lower = None if bias is None else bias.float()
    correction = _low_rank(x.float(), lora_a.float(), lora_b.float())
    return _frozen(x.float(), weight.float(), lower) + correction * (alpha / lora_a.shape[0])


def merges_in_place(x, weight, bias, lora_a, lora_b, alpha):
    """You add the correction into the frozen weight. The next call adds it again; the forward pass must
    leave the weight alone."""
    with torch.no_grad():
        weight += lora_b @ lora_a * (alpha / lora_a.shape[0])
    return _frozen(x, weight, bias)
