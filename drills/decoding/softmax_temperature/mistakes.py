"""Wrong answers that people really give. Each docstring explains the misconception."""

import torch


def multiplies_by_temperature(logits, temperature, dim=-1):
    """You multiply the logits by the temperature. They are divided by it: a temperature below 1 must
    stretch the gaps between logits and make the distribution sharper, and multiplying by 0.5 shrinks
    them."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits * temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def scales_after_softmax(logits, temperature, dim=-1):
    """You divide the probabilities by the temperature and normalise again. Normalising undoes the
    division, so the temperature has no effect. Divide the logits, before the exponential."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    exponentials = (logits - logits.amax(dim, keepdim=True)).exp()
    scaled = exponentials / exponentials.sum(dim, keepdim=True) / temperature
    return scaled / scaled.sum(dim, keepdim=True)


def no_max_subtraction(logits, temperature, dim=-1):
    """You exponentiate the logits as they are. exp overflows above 88 in float32 (709 in float64)
    and inf / inf is nan. Subtract the maximum along `dim` first; the ratio stays the same."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    exponentials = (logits / temperature).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def global_maximum(logits, temperature, dim=-1):
    """You subtract the maximum of the whole tensor instead of the maximum along `dim`. A row that
    lies far below another one underflows to 0 / 0 = nan. Use `amax(dim, keepdim=True)`."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.max()).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def ignores_dim(logits, temperature, dim=-1):
    """You always normalise along the last axis. The caller chooses the axis with `dim`; pass it to
    every reduction."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(-1, keepdim=True)


def normalises_over_everything(logits, temperature, dim=-1):
    """You divide by the sum over the whole tensor. Each slice along `dim` is a distribution of its
    own and must add up to 1, so sum with `dim` and `keepdim=True`."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum()


def ties_share_greedy(logits, temperature, dim=-1):
    """At temperature 0 you give every maximum a share. The limit of the formula does that, but
    greedy decoding picks one token: put all the probability on the first maximum."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        best = (logits == logits.amax(dim, keepdim=True)).to(logits.dtype)
        return best / best.sum(dim, keepdim=True)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def ties_all_one(logits, temperature, dim=-1):
    """At temperature 0 you put a 1 at every maximum. With ties the row then adds up to more than 1.
    Greedy takes the first maximum only; `argmax` gives its position."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return (logits == logits.amax(dim, keepdim=True)).to(logits.dtype)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def no_greedy_case(logits, temperature, dim=-1):
    """You divide by a temperature of 0. Temperature 0 means greedy decoding and needs a branch of
    its own, before the division."""
    if temperature < 0:
        raise ValueError("negative temperature")
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def clamps_temperature(logits, temperature, dim=-1):
    """You replace a small temperature with a floor such as 1e-6. That is close to greedy only while
    the maximum is unique: on ties it shares the probability, and it hides a real temperature that
    is smaller. Treat 0 as a case of its own and leave the others alone."""
    if temperature < 0:
        raise ValueError("negative temperature")
    scaled = logits / max(temperature, 1e-6)
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def accepts_negative_temperature(logits, temperature, dim=-1):
    """You accept a negative temperature. It would prefer the worst token; the task asks for a
    ValueError."""
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def negative_is_greedy(logits, temperature, dim=-1):
    """You treat a negative temperature like 0. Only 0 means greedy; below 0 is a caller's error and
    must raise ValueError, or a typing slip such as −0.7 goes unnoticed."""
    if temperature <= 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def changes_input_in_place(logits, temperature, dim=-1):
    """You change the caller's logits with an in-place operation (`/=`, `-=`, `div_`). The caller
    still needs them, and autograd may too. Make new tensors instead."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    with torch.no_grad():
        logits /= temperature
    exponentials = (logits - logits.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def cuts_the_graph(logits, temperature, dim=-1):
    """Your values are right, but no gradient reaches the logits: `.data`, `.detach()`, NumPy or
    `torch.no_grad()` cut the graph. Training through this function would learn nothing."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits.detach() / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def detaches_the_sum(logits, temperature, dim=-1):
    """You detach the denominator. It depends on the logits as well: the Jacobian of a softmax is
    (diag(p) − p pᵀ) / temperature, and without the denominator only diag(p) / temperature is left."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True).detach()).exp()
    return exponentials / exponentials.sum(dim, keepdim=True).detach()


def always_float32(logits, temperature, dim=-1):
    """You compute and return float32 whatever comes in. float64 logits then lose half their digits,
    and half-precision callers get a dtype they did not ask for. Keep `logits.dtype`."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits.float()).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits.float() / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def adds_epsilon(logits, temperature, dim=-1):
    """You add a small constant to the denominator (or to the temperature). After the maximum is
    subtracted the sum is at least 1, so nothing can divide by 0; the constant only makes every row
    add up to less than 1."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / (exponentials.sum(dim, keepdim=True) + 1e-6)


def masked_logits_made_finite(logits, temperature, dim=-1):
    """You replace −∞ by a finite low number, or clamp the logits. A masked token may then keep a small
    chance, and sooner or later it is sampled. Leave −∞ alone: exp(−∞) is exactly 0."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).clamp(min=-20.0).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def subtracts_the_mean(logits, temperature, dim=-1):
    """You subtract the mean (or the minimum) instead of the maximum. The largest logit may still
    lie far above it and overflow, and a row with −∞ has the mean −∞. Only the maximum makes every
    exponent 0 or less."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.mean(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def maximum_of_the_last_axis(logits, temperature, dim=-1):
    """You sum over `dim`, but subtract the maximum of the last axis. What you subtract cancels only
    if it is the same number for all that is summed: take the maximum along `dim` as well."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def greedy_ignores_dim(logits, temperature, dim=-1):
    """Your greedy branch always works along the last axis. It must follow `dim` as the other branch
    does, in `argmax` and in placing the 1 (`one_hot` puts its new axis last)."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def last_of_the_ties(logits, temperature, dim=-1):
    """At temperature 0 you pick the last of several equal maxima. The task asks for the first;
    `argmax` gives it, `sort` and `topk` promise no order among equals."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        from_the_end = logits.flip(dim).argmax(dim, keepdim=True)
        last = logits.shape[dim] - 1 - from_the_end
        return torch.zeros_like(logits).scatter(dim, last, 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def greedy_when_small(logits, temperature, dim=-1):
    """You treat every small temperature as 0. Only 0 itself is greedy: where the logits lie close
    together, a temperature of 0.001 still shares the probability."""
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature < 1e-2:
        return torch.zeros_like(logits).scatter(dim, logits.argmax(dim, keepdim=True), 1.0)
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def refuses_temperature_zero(logits, temperature, dim=-1):
    """You raise ValueError at temperature 0, too. Only a negative temperature is an error; 0 means
    greedy and returns a 1 at the first maximum."""
    if temperature <= 0:
        raise ValueError("temperature must be positive")
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def the_bare_formula(logits, temperature, dim=-1):
    """You wrote the formula as it stands, and three kinds of input break it. Large logits overflow
    exp to inf, and inf / inf is nan. Subtract the maximum along `dim` first. Temperature 0 is a
    division by zero: put a 1 on the first maximum instead. A negative one must raise ValueError."""
    exponentials = (logits / temperature).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def stable_formula_only(logits, temperature, dim=-1):
    """You subtract the maximum, so large logits are safe, but the temperature itself is never looked
    at. Temperature 0 is a division by zero: put a 1 on the first maximum instead. A negative one
    must raise ValueError."""
    scaled = logits / temperature
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)
