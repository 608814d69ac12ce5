from jaxtyping import Float
from torch import Tensor


def lora_forward(
    x: Float[Tensor, "... d_in"],
    weight: Float[Tensor, "d_out d_in"],
    bias: Float[Tensor, "d_out"] | None,
    lora_a: Float[Tensor, "r d_in"],
    lora_b: Float[Tensor, "d_out r"],
    alpha: float,
) -> Float[Tensor, "... d_out"]:
    """W x + b + (alpha / r) B A x, for row vectors x."""
    raise NotImplementedError
