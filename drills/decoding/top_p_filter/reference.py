import torch
from jaxtyping import Float
from torch import Tensor


def top_p_filter(logits: Float[Tensor, "... vocab"], p: float) -> Float[Tensor, "... vocab"]:
    """Keep the smallest set of tokens whose probability reaches p; the others become −inf."""
    if not 0 < p <= 1:
        raise ValueError(f"p must lie in (0, 1], got {p}")
    if p == 1:
        return logits.clone()  # no rounding of a sum may drop the tail
    ranked, order = logits.softmax(-1).sort(dim=-1, descending=True)
    before = ranked.cumsum(-1) - ranked  # probability of the tokens ranked higher
    drop = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p)
    return logits.masked_fill(drop, float("-inf"))
