# expect: failed
# Every input becomes zero, for which the answer is known.
import torch
from verifiers.draw import Draw
Draw.normal = lambda self, *shape, dtype=torch.float32, grad=False, **k: torch.zeros(shape, dtype=dtype, requires_grad=grad)
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
