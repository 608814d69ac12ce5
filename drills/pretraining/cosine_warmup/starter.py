def cosine_warmup(
    step: int, max_lr: float, min_lr: float, warmup_steps: int, total_steps: int
) -> float:
    """Learning rate at `step`: linear from 0 to `max_lr`, then a cosine down to `min_lr`.

    Raises ValueError when the warm-up is longer than the whole.
    """
    raise NotImplementedError
