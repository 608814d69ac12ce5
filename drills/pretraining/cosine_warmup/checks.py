from verifiers.checks import check, observe


def _call(draw, solution, step, max_lr, min_lr, warmup, total):
    def cosine_warmup(*args):
        rate = solution(*args)
        return float(rate) if type(rate) is int else rate  # 0 is as good as 0.0

    # Near the floor the cosine is a small difference of terms as large as max_lr.
    return observe(draw, cosine_warmup, step, max_lr, min_lr, warmup, total, scale=100 * max_lr)


def _rates(draw):
    max_lr = draw.number(1e-4, 1e-2)
    return max_lr, max_lr * draw.number(0.05, 0.5)


@check("the example", example=True)
def example(solution, draw):
    for step in (0, 2, 4, 8, 12, 20):
        yield _call(draw, solution, step, 1.0, 0.1, 4, 12)


@check("warm-up")
def warmup(solution, draw):
    """A straight line from 0 at step 0; the peak comes at warmup_steps, not one step before."""
    for _ in range(3):
        warm = draw.integer(3, 2000)
        for step in (0, 1, draw.integer(1, warm - 1), warm - 1):
            yield _call(draw, solution, step, *_rates(draw), warm, warm + draw.integer(2, 9000))
    yield _call(draw, solution, 0, *_rates(draw), 1, 10)


@check("the peak")
def peak(solution, draw):
    """At warmup_steps the rate is max_lr."""
    for _ in range(3):
        warm = draw.integer(1, 2000)
        yield _call(draw, solution, warm, *_rates(draw), warm, warm + draw.integer(2, 9000))


@check("cosine")
def cosine(solution, draw):
    """Half a cosine wave over the steps after the warm-up, from max_lr down to min_lr."""
    for _ in range(3):
        warm, length = draw.integer(1, 500), draw.integer(5, 5000)
        for step in (length // 2, 1, draw.integer(1, length - 1), length - 1):
            yield _call(draw, solution, warm + step, *_rates(draw), warm, warm + length)


@check("the floor")
def floor(solution, draw):
    """At total_steps and ever after the rate is min_lr."""
    warm, total = draw.integer(1, 50), draw.integer(60, 900)
    for step in (total, total + 1, total + draw.integer(2, 50), 2 * total, 10 * total + 7):
        yield _call(draw, solution, step, *_rates(draw), warm, total)
    yield _call(draw, solution, total + 5, draw.number(0.1, 1.0), 0.0, warm, total)


@check("no warm-up")
def no_warmup(solution, draw):
    """Without a warm-up step 0 gives max_lr and nothing divides by 0."""
    total = draw.integer(5, 900)
    for step in (total // 2, 0, 1, draw.integer(2, total), total, total + 3):
        yield _call(draw, solution, step, *_rates(draw), 0, total)
    for step in (0, 1, 2):
        yield _call(draw, solution, step, *_rates(draw), 0, 1)


@check("nothing but warm-up")
def only_warmup(solution, draw):
    """When the warm-up takes all steps, the line rises to its end and the floor follows."""
    total = draw.integer(3, 900)
    for step in (0, 1, total - 1, total + 1, total + 40):
        yield _call(draw, solution, step, *_rates(draw), total, total)


@check("equal rates and a floor of 0")
def flat(solution, draw):
    """min_lr may equal max_lr, or be 0."""
    rate, warm = draw.number(1e-4, 1.0), draw.integer(2, 20)
    for step in (1, warm, warm + 3, 200):
        yield _call(draw, solution, step, rate, rate, warm, 100)
        yield _call(draw, solution, step, rate, 0.0, warm, 100)


@check("whole schedules")
def whole(solution, draw):
    """Small schedules, every step."""
    warm, total = draw.integer(2, 4), draw.integer(6, 9)
    rates = _rates(draw)
    for step in range(total + 3):
        yield _call(draw, solution, step, *rates, warm, total)


@check("a warm-up that is too long")
def too_long(solution, draw):
    """A warm-up longer than the whole raises ValueError at every step."""
    total = draw.integer(1, 50)
    warm = total + draw.integer(1, 50)
    for step in (0, total, warm, warm + 5):
        yield _call(draw, solution, step, *_rates(draw), warm, total)
