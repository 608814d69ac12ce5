import torch
from jaxtyping import Float
from torch import Tensor


def softmax_temperature(
    logits: Float[Tensor, "..."], temperature: float, dim: int = -1
) -> Float[Tensor, "..."]:
    """Probabilities along `dim` after dividing the logits by the temperature.

    Temperature 0 is greedy: 1 at the first maximum. Raises ValueError below 0.
    """
    raise NotImplementedError
