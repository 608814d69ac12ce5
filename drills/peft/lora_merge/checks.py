import torch

from verifiers.checks import Case, check, observe


def _inputs(draw, d_out, d_in, rank, dtype=torch.float32, adapter=None, **options):
    adapter = adapter or dtype
    return (
        draw.normal(d_out, d_in, dtype=dtype, **options),
        draw.normal(rank, d_in, dtype=adapter, **options),
        draw.normal(d_out, rank, dtype=adapter, **options),
    )


@check("the example", example=True)
def example(solution, draw):
    weight = draw.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    lora_a, lora_b = draw.tensor([[1.0, 2.0, 3.0]]), draw.tensor([[1.0], [-1.0]])
    yield observe(draw, solution, weight, lora_a, lora_b, alpha=0.5)


@check("values")
def values(solution, draw):
    """W + (alpha / r) B A, wide and tall."""
    for d_out, d_in, rank in [(5, 3, 2), (3, 7, 4), (6, 4, 2), (1, 5, 2), (5, 1, 4)]:
        for dtype in (torch.float32, torch.float64):
            inputs = _inputs(draw, d_out, d_in, rank, dtype)
            yield observe(draw, solution, *inputs, draw.number(3.0, 30.0))


@check("square weights")
def square(solution, draw):
    """With a square weight a transposed product has the right shape and the wrong values."""
    for rank in (1, 2, 4):
        yield observe(draw, solution, *_inputs(draw, 4, 4, rank), draw.number(1.0, 9.0))


@check("ranks and scales")
def ranks(solution, draw):
    """The scale is alpha / r for every rank; alpha need not be a multiple of it."""
    for rank, alpha in [(1, 16), (4, 1), (8, 8), (2, 0.5), (3, 16), (9, 2), (5, 0.5)]:
        # A scale kept in a float32 tensor is right too; only powers of two survive that exactly.
        dtype = torch.float64 if rank in (1, 2, 4, 8) else torch.float32
        yield observe(draw, solution, *_inputs(draw, 4, 6, rank, dtype), alpha)


@check("an adapter that does nothing")
def nothing(solution, draw):
    """With B = 0 or alpha = 0 the merged weight equals the weight, in a tensor of its own."""
    weight, lora_a, lora_b = _inputs(draw, 4, 3, 2)
    yield observe(draw, solution, weight, lora_a, torch.zeros_like(lora_b), 16)
    yield observe(draw, solution, weight, lora_a, lora_b, 0)

    def memory(merged):
        return {"shares memory with the weight": merged.data_ptr() == weight.data_ptr()}

    for factor, alpha in ((torch.zeros_like(lora_b), 16), (lora_b, 0)):
        merged = solution(weight, lora_a, factor, alpha)
        yield Case(f"lora_merge(weight, lora_a, lora_b, alpha={alpha})", memory(merged))


@check("a weight in half precision")
def mixed(solution, draw):
    """The result has the dtype of the weight, whatever the adapter was trained in."""
    for dtype in (torch.bfloat16, torch.float16):
        inputs = _inputs(draw, 5, 4, 2, dtype, torch.float32)
        yield observe(draw, solution, *inputs, 4.0)
        yield observe(draw, solution, *_inputs(draw, 5, 4, 2, dtype), 4.0)


@check("a weight in float64 and an adapter in float32")
def wide(solution, draw):
    """The result has the dtype of the weight here too."""
    weight, lora_a, lora_b = _inputs(draw, 5, 4, 2, torch.float64, torch.float32)
    merged = solution(weight, lora_a, lora_b, 4.0)
    call = (
        "lora_merge(weight=float64 (5, 4), lora_a=float32 (2, 4), lora_b=float32 (5, 2), alpha=4)"
    )
    # The product may be formed in float32 or in float64; the sum must not lose the weight's digits.
    yield Case(call, {"dtype": str(merged.dtype), "returned": merged.to(torch.float32)})


@check("twice")
def twice(solution, draw):
    """Merging changes nothing but its result: a second merge gives the same."""
    weight, lora_a, lora_b = _inputs(draw, 4, 5, 2)
    yield observe(draw, solution, weight, lora_a, lora_b, 8)
    yield observe(draw, solution, weight, lora_a, lora_b, 8)


@check("memory layouts")
def layouts(solution, draw):
    """The result must not depend on how the inputs lie in memory."""
    for layout in ("transposed", "strided"):
        yield observe(draw, solution, *_inputs(draw, 5, 4, 2, layout=layout), 8.0)
