from numbers import Rational

from verifiers.checks import check, observe

STAGES = (0, 1, 2, 3)


def _model(draw):
    return (
        draw.integer(10**6, 10**11),
        draw.choice([1, 2, 4]),
        draw.choice([3, 5, 6]),
        draw.choice([7, 8, 13, 16]),
    )


def _call(draw, solution, *args, **kwargs):
    """Observe one call; ints and exact fractions count as the numbers they are."""

    def training_memory(*args, **kwargs):
        result = solution(*args, **kwargs)
        if not isinstance(result, dict):
            return result
        return {key: _number(value) for key, value in result.items()}

    return observe(draw, training_memory, *args, **kwargs)


def _number(value):
    whole_or_fraction = isinstance(value, Rational) and not isinstance(value, bool)
    return float(value) if whole_or_fraction else value


@check("the example", example=True)
def example(solution, draw):
    yield _call(draw, solution, 7.5e9, 2, 2, 12, data_parallel=64, zero_stage=1)


@check("one GPU")
def one_gpu(solution, draw):
    """With one GPU no stage saves anything, and the total is the sum of the three."""
    yield _call(draw, solution, *_model(draw))
    yield _call(draw, solution, *_model(draw), zero_stage=3)
    for stage in STAGES:
        yield _call(draw, solution, *_model(draw), 1, stage)


@check("stage 0")
def stage_0(solution, draw):
    """Plain data parallelism: every GPU holds everything."""
    yield _call(draw, solution, *_model(draw), draw.integer(2, 512))
    yield _call(draw, solution, *_model(draw), data_parallel=draw.integer(2, 9), zero_stage=0)


@check("stage 1")
def stage_1(solution, draw):
    """Only the optimiser states are shared out."""
    for gpus in (2, draw.integer(3, 9), draw.integer(100, 1000)):
        yield _call(draw, solution, *_model(draw), gpus, 1)


@check("stage 2")
def stage_2(solution, draw):
    """Optimiser states and gradients are shared out, weights are not."""
    for gpus in (2, draw.integer(3, 9), draw.integer(100, 1000)):
        yield _call(draw, solution, *_model(draw), gpus, 2)


@check("stage 3")
def stage_3(solution, draw):
    """Everything is shared out."""
    for gpus in (2, draw.integer(3, 9), draw.integer(100, 1000)):
        yield _call(draw, solution, *_model(draw), gpus, 3)


@check("sizes that do not divide evenly")
def uneven(solution, draw):
    """Shares are not rounded."""
    for stage in STAGES:
        yield _call(draw, solution, draw.integer(20, 40), 2, 3, 5.5, 7, stage)
        yield _call(draw, solution, draw.number(1e6, 1e9), 0.5, 2, 6.25, 11, stage)


@check("small and empty parts")
def empty_parts(solution, draw):
    """A part of no bytes stays at 0: SGD without momentum keeps no optimiser states."""
    for stage in STAGES:
        yield _call(draw, solution, 10**9, 2, 4, 0, 8, stage)
        yield _call(draw, solution, 10**9, 0.5, 0, 3, 8, stage)
    yield _call(draw, solution, 0, 2, 2, 12, 4, 3)


@check("impossible stages")
def bad_stages(solution, draw):
    """A stage outside 0 to 3 raises ValueError, with one GPU as with many."""
    for stage in (-1, 4, 17):
        yield _call(draw, solution, *_model(draw), 8, stage)
        yield _call(draw, solution, *_model(draw), 1, stage)


@check("impossible world sizes")
def bad_sizes(solution, draw):
    """Fewer than one GPU raises ValueError at every stage."""
    for gpus in (0, -1, -8):
        for stage in (0, 1, 3):
            yield _call(draw, solution, *_model(draw), gpus, stage)
