import torch

from verifiers.checks import check, observe


def _inputs(draw, lead, d_in, d_out, rank, bias=True, grad=False, **options):
    return (
        draw.normal(*lead, d_in, grad=grad, **options),
        draw.normal(d_out, d_in, **options),
        draw.normal(d_out, **options) if bias else None,
        draw.normal(rank, d_in, grad=grad, **options),
        draw.normal(d_out, rank, grad=grad, **options),
    )


@check("the example", example=True)
def example(solution, draw):
    yield observe(
        draw,
        solution,
        draw.tensor([1.0, 2.0]),
        draw.tensor([[1.0, 0.0], [0.0, 1.0]]),
        None,
        draw.tensor([[1.0, 1.0]]),
        draw.tensor([[0.5], [0.0]]),
        alpha=4,
    )


@check("values")
def values(solution, draw):
    """W x + b plus (alpha / r) B A x, on vectors, batches and batches of sequences."""
    sizes = [((), 5, 3, 2), ((4,), 3, 7, 4), ((2, 3), 6, 4, 2), ((1,), 4, 1, 2), ((3, 1), 1, 2, 1)]
    for lead, d_in, d_out, rank in sizes:
        for dtype in (torch.float32, torch.float64):
            inputs = _inputs(draw, lead, d_in, d_out, rank, dtype=dtype)
            yield observe(draw, solution, *inputs, draw.number(3.0, 30.0))


@check("no bias")
def no_bias(solution, draw):
    """`bias` may be None."""
    for lead in [(), (3,), (2, 2)]:
        yield observe(draw, solution, *_inputs(draw, lead, 5, 4, 2, bias=False), 8)


@check("ranks and scales")
def ranks(solution, draw):
    """The scale is alpha / r for every rank; alpha need not be a multiple of it."""
    for rank, alpha in [(1, 16), (4, 1), (8, 8), (2, 0.5), (3, 16), (9, 2), (5, 0.5)]:
        # A scale kept in a float32 tensor is right too; only powers of two survive that exactly.
        dtype = torch.float64 if rank in (1, 2, 4, 8) else torch.float32
        yield observe(draw, solution, *_inputs(draw, (3,), 4, 6, rank, dtype=dtype), alpha)
    yield observe(draw, solution, *_inputs(draw, (3,), 4, 6, 2), 0)


@check("a fresh adapter")
def fresh(solution, draw):
    """With B = 0, as LoRA starts, the result is the frozen layer's."""
    x, weight, bias, lora_a, lora_b = _inputs(draw, (3,), 5, 4, 2)
    yield observe(draw, solution, x, weight, bias, lora_a, torch.zeros_like(lora_b), 16)


@check("gradients")
def gradients(solution, draw):
    """x, A and B get theirs; that of x comes through both paths."""
    for lead, bias in [((), True), ((4,), False), ((2, 3), True)]:
        for dtype in (torch.float32, torch.float64):
            inputs = _inputs(draw, lead, 5, 3, 2, bias=bias, grad=True, dtype=dtype)
            yield observe(draw, solution, *inputs, draw.number(1.0, 20.0))


@check("gradients of a fresh adapter")
def fresh_gradients(solution, draw):
    """With B = 0 the gradient of A is 0 and that of B is not: B moves first."""
    x, weight, bias, lora_a, _ = _inputs(draw, (3,), 5, 4, 2, grad=True)
    lora_b = draw.tensor([[0.0, 0.0]] * 4, grad=True)
    yield observe(draw, solution, x, weight, bias, lora_a, lora_b, 6)


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how the inputs lie in memory."""
    for layout in ("transposed", "strided"):
        yield observe(draw, solution, *_inputs(draw, (2, 3), 5, 4, 2, layout=layout), 8.0)


@check("half precision")
def half(solution, draw):
    """The result has the dtype of the inputs."""
    yield observe(draw, solution, *_inputs(draw, (3,), 8, 5, 2, dtype=torch.bfloat16), 4)


@check("an empty batch")
def empty(solution, draw):
    """A batch of no vectors gives a batch of no vectors."""
    yield observe(draw, solution, *_inputs(draw, (0,), 5, 4, 2), 8)
