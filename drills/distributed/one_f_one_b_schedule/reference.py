Step = tuple[str, int]


def one_f_one_b_schedule(n_stages: int, n_micro_batches: int) -> list[list[Step]]:
    """What each pipeline stage does, in order: `("F", micro_batch)` or `("B", micro_batch)`."""
    return [_stage(n_stages - 1 - stage, n_micro_batches) for stage in range(n_stages)]


def _stage(stages_after: int, n_micro_batches: int) -> list[Step]:
    # One forward for each later stage fills the time until the first backward comes back.
    warm_up = min(stages_after, n_micro_batches)
    steps = [("F", i) for i in range(warm_up)]
    for i in range(n_micro_batches - warm_up):
        steps += [("F", warm_up + i), ("B", i)]  # one forward, one backward
    steps += [("B", i) for i in range(n_micro_batches - warm_up, n_micro_batches)]
    return steps
