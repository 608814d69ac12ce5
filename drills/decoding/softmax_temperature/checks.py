import torch

from verifiers.checks import check, observe


@check("the example", example=True)
def example(solution, draw):
    yield observe(draw, solution, draw.tensor([1.0, 2.0, 3.0]), 0.5)


@check("values")
def values(solution, draw):
    """Divide by the temperature, exponentiate, normalise along the last axis."""
    for shape in [(7,), (1,), (3, 5), (2, 1, 9), (2, 3, 2, 4)]:
        for dtype in (torch.float32, torch.float64):
            logits = draw.normal(*shape, scale=2.0, dtype=dtype)
            yield observe(draw, solution, logits, draw.number(0.2, 3.0))
    yield observe(draw, solution, draw.normal(6), 1)


@check("the dim argument")
def dims(solution, draw):
    """The axis that adds up to 1 is the one the caller names, at every temperature."""
    for dim in (0, 1, 2, -1, -2, -3):
        layout = draw.choice(["contiguous", "transposed", "strided"])
        logits = draw.normal(4, 3, 5, layout=layout)
        yield observe(draw, solution, logits, draw.number(0.3, 2.0), dim)
        yield observe(draw, solution, logits, 0.0, dim=dim)


@check("gradients")
def gradients(solution, draw):
    """The gradient of softmax is (diag(p) − p pᵀ) / temperature."""
    for shape, dim in [((6,), 0), ((3, 5), -1), ((2, 4, 3), 1)]:
        for dtype in (torch.float32, torch.float64):
            logits = draw.normal(*shape, dtype=dtype, grad=True)
            yield observe(draw, solution, logits, draw.number(0.3, 2.0), dim)


@check("large and distant logits")
def stability(solution, draw):
    """exp overflows early. Subtract the maximum of each row along dim before exponentiating."""
    yield _far(draw, solution, draw.tensor([1000.0, 1001.0]), 1.0)
    yield _far(draw, solution, draw.tensor([[1e4, 1e4 - 3], [-1e4, -1e4 + 2]]), 1.0)
    yield _far(draw, solution, draw.normal(4, 8, scale=300.0), 0.5)
    yield _far(draw, solution, draw.normal(3, 5, mean=-2000.0, dtype=torch.float64), 0.1)
    yield _far(draw, solution, draw.normal(5, scale=1e-3), 1e-3)
    distant = draw.tensor([0.0, -24.0, draw.number(-21, -20), -30.0], torch.float64)
    yield observe(draw, solution, distant, 1.0)


def _far(draw, solution, logits, temperature):
    # Any route through logits of this size loses digits in proportion, log-sum-exp included.
    size = logits.abs().max().item() / temperature
    return observe(draw, solution, logits, temperature, scale=size / 10)


@check("temperature 0")
def greedy(solution, draw):
    """Temperature 0 puts probability 1 on the first maximum and divides by nothing."""
    for temperature in (0, 0.0):
        yield observe(draw, solution, draw.normal(3, 6), temperature)
    ties = draw.integers(0, 2, 4, 9).to(draw.tensor(0.0).dtype)
    yield observe(draw, solution, ties, 0.0)
    yield observe(draw, solution, draw.tensor([2.0, 5.0, 5.0, 1.0]), 0.0)
    # Nearly a tie: the larger one wins, however small the lead.
    lead = draw.number(1e-6, 2e-6)
    yield observe(draw, solution, draw.tensor([1.0, 1.0, 1.0 + lead]), 0.0)
    close = draw.tensor([1.0, 1.0 + 1e-12, 1.0 + lead * 1e-5, 1.0], torch.float64)
    yield observe(draw, solution, close, 0.0)
    yield observe(draw, solution, draw.tensor([[-3.0, -3.0], [-5.0, -4.0]], torch.float64), 0.0, 0)


@check("temperatures near 0")
def nearly_greedy(solution, draw):
    """Only 0 itself is greedy. A tiny temperature still divides."""
    for temperature in (2.0**-23, 2.0**-27):
        logits = draw.normal(5, scale=temperature, dtype=torch.float64)
        yield observe(draw, solution, logits, temperature)


@check("negative temperature")
def negative(solution, draw):
    """A negative temperature is a caller's error: raise ValueError."""
    for temperature in (-1.0, -1e-3, -2):
        yield observe(draw, solution, draw.normal(4), temperature)


@check("masked tokens")
def masked(solution, draw):
    """A logit of −inf means probability 0, and the others share the rest."""
    for temperature in (0.7, 0.0):
        keep = draw.mask(4, 9, keep=0.6)
        keep[:, draw.integer(0, 8)] = True
        logits = draw.normal(4, 9).masked_fill(~keep, float("-inf"))
        yield observe(draw, solution, logits, temperature)
        yield observe(draw, _exact_zeros(solution), logits, temperature)


def _exact_zeros(solution):
    def softmax_temperature(logits, temperature):
        return {"is exactly 0": solution(logits, temperature) == 0}

    return softmax_temperature


@check("half precision")
def half(solution, draw):
    """The result has the dtype of the logits."""
    for dtype in (torch.float16, torch.bfloat16):
        yield observe(draw, solution, draw.normal(3, 7, dtype=dtype), draw.number(0.5, 2.0))
        yield observe(draw, solution, draw.normal(3, 7, dtype=dtype), 0.0)


@check("no rows")
def empty(solution, draw):
    """A batch of no rows gives a batch of no rows."""
    yield observe(draw, solution, draw.normal(0, 5), 0.8)
