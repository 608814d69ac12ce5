"""Right answers in other styles; the verifier must pass them all."""

import cmath
import math


def clamped_progress(step, max_lr, min_lr, warmup_steps, total_steps):
    if total_steps < warmup_steps:
        raise ValueError("warm-up too long")
    if warmup_steps and step < warmup_steps:
        return step / warmup_steps * max_lr
    span = max(1, total_steps - warmup_steps)
    done = min(1.0, (step - warmup_steps) / span) if total_steps > warmup_steps else 1.0
    weight = (1.0 + math.cos(math.pi * done)) / 2.0
    return weight * max_lr + (1 - weight) * min_lr


def squared_half_angle(step, max_lr, min_lr, warmup_steps, total_steps):
    # (1 + cos x) / 2 = cos²(x / 2)
    if not warmup_steps <= total_steps:
        raise ValueError
    if step >= total_steps:
        return float(min_lr)
    if step < warmup_steps:
        return max_lr * (step / warmup_steps)
    angle = math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * math.cos(angle) ** 2


def with_numpy(step, max_lr, min_lr, warmup_steps, total_steps):
    import numpy as np

    if warmup_steps > total_steps:
        raise ValueError(f"{warmup_steps} > {total_steps}")
    if step < warmup_steps:
        return np.interp(step, [0, warmup_steps], [0.0, max_lr])
    if step >= total_steps:
        return np.float64(min_lr)
    phase = np.pi * (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * (np.cos(phase) + 1) / 2


def round_the_circle(step, max_lr, min_lr, warmup_steps, total_steps):
    class ScheduleError(ValueError):
        pass

    left = total_steps - warmup_steps
    if left < 0:
        raise ScheduleError(left)
    if step >= total_steps and step >= warmup_steps:
        return min_lr
    if step < warmup_steps:
        return max_lr / warmup_steps * step
    turn = cmath.exp(1j * cmath.pi * (step - warmup_steps) / left)
    middle, radius = (max_lr + min_lr) / 2, (max_lr - min_lr) / 2
    return middle + radius * turn.real
