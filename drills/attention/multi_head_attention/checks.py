import torch

from verifiers.checks import Case, check, observe

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")
# In float64 head_dim is a square, so that a root of head_dim held as a float32 tensor is exact and
# passes, while a softmax in float32 does not.


def _module(draw, solution, d_model, n_heads, dtype=torch.float32):
    """The module with drawn weights. Whatever else it holds is 0, and only “parameters” objects."""
    module = solution(d_model, n_heads)
    module.to(torch.float64 if draw.exact else dtype).to(draw.device)
    drawn = [draw.normal(d_model, d_model, scale=0.5, dtype=dtype) for _ in PROJECTIONS]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        for weight, values in zip(_weights(module).values(), drawn, strict=True):
            weight.copy_(values)
    return module


def _weights(module):
    return {f"{name}.weight": getattr(module, name).weight for name in PROJECTIONS}


@check("the example", example=True)
def example(solution, draw):
    module = _module(draw, solution, 2, 2)
    with torch.no_grad():
        for weight in _weights(module).values():
            weight.copy_(torch.eye(2))
    yield observe(draw, module, draw.tensor([[[1.0, 0.0], [0.0, 1.0]]]).detach(), names=("x",))


@check("parameters")
def parameters(solution, draw):
    """Four linear layers of d_model × d_model without bias, named as asked, and no others."""
    for d_model, n_heads in [(6, 3), (8, 8)]:
        module = solution(d_model, n_heads)
        shapes = {name: list(weight.shape) for name, weight in module.named_parameters()}
        yield Case(
            f"MultiHeadAttention({d_model}, {n_heads})",
            {"parameters": shapes, "is a module": isinstance(module, torch.nn.Module)},
        )


@check("one head")
def one_head(solution, draw):
    """With one head this is attention over the full width between four projections."""
    for width, dtype in ((5, torch.float32), (9, torch.float64)):
        module = _module(draw, solution, width, 1, dtype)
        yield observe(draw, module, draw.normal(2, 4, width, dtype=dtype), names=("x",))


@check("several heads")
def several_heads(solution, draw):
    """Head h owns the h-th contiguous block of features, and the scale is √head_dim."""
    for d_model, n_heads, batch, seq_len, dtype in [
        (6, 3, 2, 5, torch.float32),
        (8, 2, 1, 3, torch.float32),
        (12, 4, 3, 7, torch.float32),
        (4, 4, 2, 1, torch.float32),
        (12, 3, 2, 5, torch.float64),
        (18, 2, 1, 4, torch.float64),
        (4, 4, 2, 3, torch.float64),
    ]:
        module = _module(draw, solution, d_model, n_heads, dtype)
        x = draw.normal(batch, seq_len, d_model, dtype=dtype)
        yield observe(draw, module, x, names=("x",))


@check("causal")
def causal(solution, draw):
    """Position i sees positions 0 to i, itself included."""
    for seq_len in (1, 2, 6):
        module = _module(draw, solution, 6, 2)
        yield observe(draw, module, draw.normal(2, seq_len, 6), names=("x",), causal=True)


@check("masks")
def masks(solution, draw):
    """True means may attend; the mask broadcasts to (batch, n_heads, T, T)."""
    module = _module(draw, solution, 6, 3)
    for shape in [(5, 5), (2, 1, 1, 5), (3, 5, 5), (2, 3, 5, 5), (2, 1, 5, 5)]:
        mask = draw.mask(*shape, keep=0.6)
        mask[..., draw.integer(0, 4)] = True
        yield observe(draw, module, draw.normal(2, 5, 6), names=("x",), mask=mask)
    # Where batch, heads and T are equal only the place of an axis tells what it is.
    for shape in [(3, 3), (3, 3, 3)]:
        mask = draw.mask(*shape, keep=0.6)
        mask[..., draw.integer(0, 2)] = True
        yield observe(draw, module, draw.normal(3, 3, 6), names=("x",), mask=mask)


@check("mask and causal together")
def both(solution, draw):
    """A pair counts only when the mask and the causal rule both allow it."""
    module = _module(draw, solution, 8, 2)
    mask = draw.mask(2, 1, 6, 6, keep=0.6)
    mask[..., 0] = True
    x = draw.normal(2, 6, 8)
    yield observe(draw, module, x, mask, True, names=("x", "mask", "causal"))


@check("positions that may attend to nothing")
def nothing(solution, draw):
    """A position with no allowed key gets zeros, and no nan in any gradient."""
    module = _module(draw, solution, 6, 3)
    mask = draw.mask(5, 5, keep=0.7)
    mask[:, 0] = True
    mask[draw.integer(0, 4)] = False
    yield observe(draw, module, draw.normal(2, 5, 6), names=("x",), mask=mask)
    x = draw.normal(2, 5, 6, grad=True)
    yield observe(draw, module, x, names=("x",), mask=mask, also=_weights(module))
    one_head_only = draw.mask(3, 5, 5, keep=1.0)
    one_head_only[draw.integer(0, 2), draw.integer(0, 4)] = False
    x = draw.normal(2, 5, 6, grad=True)
    yield observe(draw, module, x, names=("x",), mask=one_head_only, also=_weights(module))


@check("gradients")
def gradients(solution, draw):
    """x and all four weights get their gradient."""
    for d_model, n_heads, causal, dtype in [
        (6, 2, False, torch.float32),
        (6, 3, True, torch.float32),
        (4, 1, False, torch.float32),
        (8, 2, False, torch.float64),
        (12, 3, True, torch.float64),
    ]:
        module = _module(draw, solution, d_model, n_heads, dtype)
        x = draw.normal(2, 4, d_model, grad=True, dtype=dtype)
        yield observe(draw, module, x, names=("x",), causal=causal, also=_weights(module))


@check("several calls")
def several_calls(solution, draw):
    """A module keeps nothing from one call to the next, whatever the lengths."""
    module = _module(draw, solution, 6, 2)
    for seq_len in (4, 7, 2):
        yield observe(draw, module, draw.normal(1, seq_len, 6), names=("x",), causal=True)


@check("heads that do not divide the width")
def uneven(solution, draw):
    """The constructor raises ValueError when n_heads does not divide d_model."""

    def construct(d_model, n_heads):
        solution(d_model, n_heads)
        return "a module"

    for d_model, n_heads in [(6, 4), (5, 2), (7, 3)]:
        yield observe(draw, construct, d_model, n_heads, names=("d_model", "n_heads"))


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how x lies in memory."""
    for layout in ("transposed", "strided"):
        module = _module(draw, solution, 6, 3)
        yield observe(draw, module, draw.normal(2, 5, 6, layout=layout), names=("x",))


@check("large scores")
def large(solution, draw):
    """exp overflows beyond 88 in float32; the maximum of each row must be subtracted first."""
    module = _module(draw, solution, 8, 2, torch.float64)
    x = draw.normal(2, 4, 8, scale=60.0, dtype=torch.float64)
    yield observe(draw, module, x, names=("x",), scale=1e5)
