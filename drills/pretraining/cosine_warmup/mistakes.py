"""Wrong answers that people really give. Each docstring explains the misconception."""

import math


def _check(warmup_steps, total_steps):
    if warmup_steps > total_steps:
        raise ValueError("the warm-up is longer than the whole")


def _cosine(done, max_lr, min_lr):
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(math.pi * done))


def _done(step, warmup_steps, total_steps):
    return (step - warmup_steps) / (total_steps - warmup_steps)


def warmup_starts_at_one(step, max_lr, min_lr, warmup_steps, total_steps):
    """Your warm-up starts at 1 / warmup_steps (`step + 1`). Here step 0 gives a rate of 0 and
    `warmup_steps` the peak. Some libraries count from 1; say which in an interview."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * (step + 1) / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def warmup_one_step_longer(step, max_lr, min_lr, warmup_steps, total_steps):
    """You write (step + 1) / (warmup_steps + 1), as nanoGPT does. That never gives 0. Here the line starts at
    0 and is step / warmup_steps."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * (step + 1) / (warmup_steps + 1)
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def warmup_starts_at_the_floor(step, max_lr, min_lr, warmup_steps, total_steps):
    """Your warm-up rises from `min_lr`. It starts at 0; `min_lr` is only where the cosine ends."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return min_lr + (max_lr - min_lr) * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def cosine_counts_from_zero(step, max_lr, min_lr, warmup_steps, total_steps):
    """Your cosine counts from step 0, as if there were no warm-up. The rate then jumps down where the
    warm-up ends. The fraction is (step − warmup_steps) / (total_steps − warmup_steps)."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(step / total_steps, max_lr, min_lr)


def cosine_over_all_steps(step, max_lr, min_lr, warmup_steps, total_steps):
    """You divide by `total_steps` instead of what is left after the warm-up, so the cosine has not
    reached the floor at `total_steps`."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine((step - warmup_steps) / total_steps, max_lr, min_lr)


def total_excludes_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    """You take `total_steps` as the length of the cosine alone. It is where everything ends, the
    warm-up included."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= warmup_steps + total_steps:
        return min_lr
    return _cosine((step - warmup_steps) / total_steps, max_lr, min_lr)


def decays_to_zero(step, max_lr, min_lr, warmup_steps, total_steps):
    """Your cosine goes down to 0 and ignores `min_lr` on the way. Only max_lr − min_lr is scaled by the
    cosine; `min_lr` is added."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return 0.5 * max_lr * (1 + math.cos(math.pi * _done(step, warmup_steps, total_steps)))


def floor_by_maximum(step, max_lr, min_lr, warmup_steps, total_steps):
    """You cut the curve off with `max(min_lr, …)` instead of scaling it. It then follows a cosine to 0
    and runs flat early; the curve should reach `min_lr` just at the end."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    done = _done(step, warmup_steps, total_steps)
    return max(min_lr, 0.5 * max_lr * (1 + math.cos(math.pi * done)))


def full_amplitude(step, max_lr, min_lr, warmup_steps, total_steps):
    """You add the floor to a cosine of the full height, so the peak is max_lr + min_lr. The cosine
    spans max_lr − min_lr."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    done = _done(step, warmup_steps, total_steps)
    return min_lr + 0.5 * max_lr * (1 + math.cos(math.pi * done))


def floor_as_a_share(step, max_lr, min_lr, warmup_steps, total_steps):
    """You take `min_lr` as a share of `max_lr` on the way down. Both are learning rates: the curve ends
    at `min_lr` itself."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return max_lr * _cosine(_done(step, warmup_steps, total_steps), 1.0, min_lr)


def forgets_the_half(step, max_lr, min_lr, warmup_steps, total_steps):
    """You leave out the ½. 1 + cos runs from 2 to 0, so your curve starts near 2 · max_lr."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    done = _done(step, warmup_steps, total_steps)
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * done))


def upside_down(step, max_lr, min_lr, warmup_steps, total_steps):
    """Your cosine rises from `min_lr` to `max_lr` (1 − cos, or the two rates exchanged). After the warm-up
    the rate is at its peak and goes down."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), min_lr, max_lr)


def whole_turn(step, max_lr, min_lr, warmup_steps, total_steps):
    """You use cos(2 π t), a whole wave: down to the floor at half time and up again. The schedule is half
    a wave, cos(π t)."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(2 * _done(step, warmup_steps, total_steps), max_lr, min_lr)


def quarter_cosine(step, max_lr, min_lr, warmup_steps, total_steps):
    """You use cos(π t / 2), a quarter of the wave. The half wave, (1 + cos π t) / 2, is flat at both
    ends; yours arrives at the floor at full speed."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    done = _done(step, warmup_steps, total_steps)
    return min_lr + (max_lr - min_lr) * math.cos(math.pi * done / 2)


def linear_decay(step, max_lr, min_lr, warmup_steps, total_steps):
    """You decay along a straight line. The task asks for half a cosine wave."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return max_lr + (min_lr - max_lr) * _done(step, warmup_steps, total_steps)


def rises_again(step, max_lr, min_lr, warmup_steps, total_steps):
    """You never stop the cosine: after `total_steps` the rate climbs again. Hold it at `min_lr`."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if warmup_steps == total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def zero_afterwards(step, max_lr, min_lr, warmup_steps, total_steps):
    """From `total_steps` on you return 0. The floor holds: `min_lr`."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return 0.0
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def divides_by_no_warmup(step, max_lr, min_lr, warmup_steps, total_steps):
    """You divide by `warmup_steps` at its end (`step <= warmup_steps`), which fails when there is no
    warm-up. Compare with `<`, so that without a warm-up this branch is never taken."""
    _check(warmup_steps, total_steps)
    if step <= warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def no_warmup_starts_at_zero(step, max_lr, min_lr, warmup_steps, total_steps):
    """Without a warm-up you still return 0 at step 0 (often through `max(1, warmup_steps)`). With
    nothing to warm up, step 0 is the peak."""
    _check(warmup_steps, total_steps)
    if step < max(1, warmup_steps):
        return max_lr * step / max(1, warmup_steps)
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def long_warmup_accepted(step, max_lr, min_lr, warmup_steps, total_steps):
    """You accept a warm-up longer than the whole training. The peak is then never reached, and nobody
    notices; raise ValueError."""
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def refuses_warmup_only(step, max_lr, min_lr, warmup_steps, total_steps):
    """You refuse a warm-up as long as the whole (`>=`). Only a longer one is an error."""
    if warmup_steps >= total_steps:
        raise ValueError("the warm-up takes all steps")
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def errors_as_assertions(step, max_lr, min_lr, warmup_steps, total_steps):
    """You check with `assert`, which raises AssertionError and disappears under `python -O`. Raise
    ValueError."""
    assert warmup_steps <= total_steps
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    return _cosine(_done(step, warmup_steps, total_steps), max_lr, min_lr)


def integer_division(step, max_lr, min_lr, warmup_steps, total_steps):
    """You use `//` for a fraction, which is 0 until the very end. Use true division."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * (step // warmup_steps)
    if step >= total_steps:
        return min_lr
    return _cosine((step - warmup_steps) // (total_steps - warmup_steps), max_lr, min_lr)


def cosine_in_degrees(step, max_lr, min_lr, warmup_steps, total_steps):
    """You give `math.cos` degrees. It takes radians: half a turn is π, not 180."""
    _check(warmup_steps, total_steps)
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    done = _done(step, warmup_steps, total_steps)
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(180 * done))
