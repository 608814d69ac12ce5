from jaxtyping import Float
from torch import Tensor


def lora_merge(
    weight: Float[Tensor, "d_out d_in"],
    lora_a: Float[Tensor, "r d_in"],
    lora_b: Float[Tensor, "d_out r"],
    alpha: float,
) -> Float[Tensor, "d_out d_in"]:
    """W + (alpha / r) B A as a new tensor, in the dtype of W."""
    raise NotImplementedError
