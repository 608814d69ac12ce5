"""What the resident process does once, so that no child pays for the first time of anything.

The first matrix product sets up a library, the first optimiser builds tables, the first printed
tensor imports code: 2 to 70 ms each, which a forked child inherits as done. One thread only: a
parallel region before a fork would make the child's own hang.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable


def _numpy() -> None:
    import numpy as np

    a = np.random.default_rng(0).normal(size=(9, 9))
    for dtype in (np.float32, np.float64):
        a.astype(dtype) @ a.astype(dtype)
    np.linalg.svd(a)
    np.einsum("ij,jk->ik", a, a)
    repr(a)


def _torch_operations() -> None:
    import torch
    import torch.nn.functional as F

    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        a = torch.ones(8, 8, dtype=dtype)
        (a @ a).softmax(-1).sum().exp()
        F.layer_norm(a, (8,))
        F.scaled_dot_product_attention(a[None, None], a[None, None], a[None, None])
        repr(a)
    a = torch.rand(4, 4)
    torch.einsum("ij,jk->ik", a, a)
    torch.linalg.svd(a)
    torch.multinomial(a[0], 2)
    torch.Generator().manual_seed(0)
    F.cross_entropy(a, torch.zeros(4, dtype=torch.long))


def _torch_modules() -> None:
    import torch

    layer = torch.nn.Linear(4, 4)
    layer(torch.ones(2, 4)).sum().backward()
    for optimizer in (torch.optim.AdamW, torch.optim.SGD):
        optimizer(layer.parameters(), lr=0.0).step()
    torch.nn.MultiheadAttention(4, 2)


CHECKS = """
import torch
from verifiers.checks import check, observe

@check("warm-up", example=True)
def warm_up(solution, draw):
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        for layout in ("contiguous", "transposed", "strided"):
            x = draw.normal(2, 3, 3, dtype=dtype, grad=True, layout=layout)
            yield observe(draw, solution, x, draw.mask(3, 3), draw.number(0.5, 1.0))
    yield observe(draw, solution, draw.normal_array(2, 2), draw.integers(0, 3, 2), -1)
"""
SUBMISSION = """
import math
import numpy as np
import torch
from torch import nn

def solve(x, mask, scale):
    if scale < 0:
        raise ValueError("negative")
    scores = (x @ x.transpose(-1, -2) / math.sqrt(3) * scale).masked_fill(~mask, float("-inf"))
    scores = torch.where(mask.any(-1, keepdim=True), scores, torch.zeros_like(scores))
    shifted = scores - scores.amax(-1, keepdim=True)
    weights = shifted.exp() / shifted.exp().sum(-1, keepdim=True)
    return torch.cat([weights @ x, x.mean(-1, keepdim=True)], -1)
"""


def _submission() -> None:
    """One of ours, all the way: drawn, watched, differentiated, compared with itself, encoded."""
    import marshal
    import sys

    from verifiers import inside

    checks = marshal.dumps(compile(CHECKS, "checks.py", "exec"))
    task = inside.Task(SUBMISSION, checks, "solve", 0, forbidden=("torch.bincount",))
    inside.main(task.to_payload(), lambda frame: None)
    del sys.modules["submission"]


def _watch() -> None:
    from verifiers import watch

    watch.warm_up()


STEPS: tuple[Callable[[], None], ...] = (
    _numpy,
    _torch_operations,
    _torch_modules,
    _watch,
    _submission,
)


def warm_up() -> None:
    """Do every step. One that fails here will say so in the child that needs it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in STEPS:
            try:
                step()
            except Exception as error:
                print(f"warm-up: {step.__name__}: {error!r}")
