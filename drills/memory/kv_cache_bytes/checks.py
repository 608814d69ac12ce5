from verifiers.checks import check, observe


def _sizes(draw, high=9):
    return [draw.integer(2, high) for _ in range(5)]


@check("the example", example=True)
def example(solution, draw):
    yield observe(
        draw, solution, n_layers=32, n_kv_heads=8, head_dim=128, seq_len=2048, batch_size=1
    )


@check("two bytes per value")
def default_bytes(solution, draw):
    """Every argument multiplies the size once, and keys and values make it twice."""
    for _ in range(5):
        yield observe(draw, solution, *_sizes(draw))


@check("other types")
def other_types(solution, draw):
    """FP8 takes 1 byte, FP32 takes 4, int4 half a byte; the result is an int all the same."""
    for size in (1, 2, 4, 8):
        yield observe(draw, solution, *_sizes(draw), size)
    for size in (0.5, 1.0, 2.0):
        yield observe(draw, solution, *_sizes(draw), bytes_per_value=size)


@check("size one")
def ones(solution, draw):
    """A single value of each kind still means a key and a value."""
    yield observe(draw, solution, 1, 1, 1, 1, 1)
    yield observe(draw, solution, 1, 1, 1, 1, 1, 1)
    yield observe(draw, solution, 1, 1, 1, 1, 1, 0.5)
    for position in range(5):
        sizes = [1] * 5
        sizes[position] = draw.integer(3, 50)
        yield observe(draw, solution, *sizes)


@check("nothing cached")
def nothing(solution, draw):
    """Where any of the counts is 0 there is nothing to store."""
    for position in range(5):
        sizes = _sizes(draw)
        sizes[position] = 0
        yield observe(draw, solution, *sizes)
    yield observe(draw, solution, *sizes, 0.5)


@check("real models")
def real(solution, draw):
    """Llama, with and without grouped heads, at long context."""
    yield observe(draw, solution, 32, 32, 128, 2048, 1)
    yield observe(draw, solution, 32, 32, 128, 131072, 1)
    yield observe(draw, solution, 80, 8, 128, draw.integer(1000, 200000), draw.integer(1, 64), 1)
    yield observe(draw, solution, 126, 8, 128, 2 * draw.integer(1000, 9999), 4, 0.5)


@check("large odd sizes")
def large(solution, draw):
    """Every byte counts, also where float32 or a 32-bit integer has too few digits."""
    for size in (1, 2, 0.5):
        n_layers, n_kv_heads = (2 * draw.integer(20, 60) + 1 for _ in range(2))
        head_dim, batch_size = (2 * draw.integer(30, 100) + 1 for _ in range(2))
        seq_len = 2 * draw.integer(20000, 60000) + 1
        sizes = (n_layers, n_kv_heads, head_dim, seq_len, batch_size)
        yield observe(draw, solution, *sizes, bytes_per_value=size)
