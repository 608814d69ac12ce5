Step = tuple[str, int]


def one_f_one_b_schedule(n_stages: int, n_micro_batches: int) -> list[list[Step]]:
    """What each pipeline stage does, in order: `("F", micro_batch)` or `("B", micro_batch)`.

    The first list is that of the first stage; micro-batches count from 0.
    """
    raise NotImplementedError
