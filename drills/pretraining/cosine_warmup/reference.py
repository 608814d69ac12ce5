import math


def cosine_warmup(
    step: int, max_lr: float, min_lr: float, warmup_steps: int, total_steps: int
) -> float:
    """Learning rate at `step`: linear from 0 to `max_lr`, then a cosine down to `min_lr`."""
    if warmup_steps > total_steps:
        raise ValueError(f"a warm-up of {warmup_steps} is longer than all {total_steps} steps")
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= total_steps:
        return min_lr
    done = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(math.pi * done))
