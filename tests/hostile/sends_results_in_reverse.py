# expect: failed
# The right results in another order.
import verifiers.inside as i
honest = i.run_checks
i.run_checks = lambda *a, **k: reversed(list(honest(*a, **k)))
import torch
from jaxtyping import Float
from torch import Tensor


def softmax_temperature(
    logits: Float[Tensor, "..."], temperature: float, dim: int = -1
) -> Float[Tensor, "..."]:
    """Probabilities along `dim` after dividing the logits by the temperature."""
    if temperature < 0:
        raise ValueError(f"temperature must be 0 or more, got {temperature}")
    if temperature == 0:
        greedy = logits.argmax(dim, keepdim=True)  # the first maximum
        return torch.zeros_like(logits).scatter(dim, greedy, 1.0)
    scaled = logits / temperature
    # Subtracting the maximum cancels in the ratio and keeps exp from overflowing.
    exponentials = (scaled - scaled.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)
