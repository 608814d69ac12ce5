"""Wrong answers that people really give. Each docstring explains the misconception."""


def _check(data_parallel, zero_stage):
    if zero_stage not in (0, 1, 2, 3) or data_parallel < 1:
        raise ValueError("zero_stage is 0 to 3 and data_parallel 1 or more")


def _answer(weights, gradients, optimizer, total=None):
    whole = weights + gradients + optimizer
    return {
        "weights": weights,
        "gradients": gradients,
        "optimizer": optimizer,
        "total": whole if total is None else total,
    }


def _states(n, w, g, o, dp, stage, first=1, second=2, third=3):
    return (
        n * w / (dp if stage >= third else 1),
        n * g / (dp if stage >= second else 1),
        n * o / (dp if stage >= first else 1),
    )


def ignores_zero(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You never share anything out. From stage 1 on the optimiser states are divided by the number
    of GPUs, then the gradients, then the weights."""
    _check(data_parallel, zero_stage)
    return _answer(n_params * weight_bytes, n_params * grad_bytes, n_params * optimizer_bytes)


def always_divides(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You divide everything by the number of GPUs at every stage. Plain data parallelism (stage 0)
    keeps full copies, and the stages divide one kind of state after the other."""
    _check(data_parallel, zero_stage)
    return _answer(*_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, 3))


def weights_first(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You share out the weights at stage 1 and the optimiser last. It is the other way round: the
    optimiser is the largest and needs no extra communication, so it goes first."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(
            n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage, 3, 2, 1
        )
    )


def gradients_before_optimizer(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You share out the gradients at stage 1 and the optimiser at stage 2. The order is optimiser,
    gradients, weights."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(
            n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage, 2, 1, 3
        )
    )


def stages_not_cumulative(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You share out only the state that a stage adds. The stages are cumulative: stage 3 shares out
    the optimiser states and gradients too."""
    _check(data_parallel, zero_stage)
    return _answer(
        n_params * weight_bytes / (data_parallel if zero_stage == 3 else 1),
        n_params * grad_bytes / (data_parallel if zero_stage == 2 else 1),
        n_params * optimizer_bytes / (data_parallel if zero_stage == 1 else 1),
    )


def gradients_one_stage_early(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You share out the gradients with the optimiser at stage 1. Stage 1 shares out the optimiser states
    alone; the gradients follow at stage 2."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(
            n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage, second=1
        )
    )


def gradients_one_stage_late(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You keep whole gradients at stage 2. Stage 2 is the one that shares them out; only the weights wait
    for stage 3."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(
            n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage, second=3
        )
    )


def weights_never_shared(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You never share out the weights. Stage 3 does, and every layer is gathered just before it is used."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(
            n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage, third=4
        )
    )


def off_by_one_stage(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """Your stages are shifted by one: you already share out the optimiser at stage 0. Stage 0 is plain
    data parallelism."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(
            n_params,
            weight_bytes,
            grad_bytes,
            optimizer_bytes,
            data_parallel,
            zero_stage + 1,
        )
    )


def total_is_the_largest(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """Your total is the largest part. All three lie in memory at the same time: add them up."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*states, total=max(states))


def total_of_the_cluster(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """Your total is over all GPUs. The question is what one GPU must hold, in every entry."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*states, total=sum(states) * data_parallel)


def total_divided_again(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You divide the total by the number of GPUs once more. Its parts are per GPU already."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*states, total=sum(states) / data_parallel)


def total_before_sharing(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """Your total adds up the sizes before they are shared out. Add what one GPU really holds."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    total = n_params * (weight_bytes + grad_bytes + optimizer_bytes)
    return _answer(*states, total=total)


def total_without_optimizer(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """Your total leaves the optimiser states out. They are the largest part of all: 12 of 16 bytes per
    parameter in mixed-precision Adam."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*states, total=states[0] + states[1])


def in_gigabytes(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You return gigabytes. The task asks for bytes: convert where the number is shown, not where it is
    computed."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*(size / 1e9 for size in states))


def in_gibibytes(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You return GiB. The task asks for bytes: convert where the number is shown, not where it is
    computed."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*(size / 2**30 for size in states))


def floor_division(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You round down when sharing out (`//`). The task asks for true division; rounding would differ
    from GPU to GPU anyway."""
    _check(data_parallel, zero_stage)
    weights, gradients, optimizer = (
        n_params * size for size in (weight_bytes, grad_bytes, optimizer_bytes)
    )
    return _answer(
        weights // data_parallel if zero_stage >= 3 else weights,
        gradients // data_parallel if zero_stage >= 2 else gradients,
        optimizer // data_parallel if zero_stage >= 1 else optimizer,
    )


def whole_bytes(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0):
    """You make the results whole numbers of bytes (`int`). The task asks for the quotients as they are,
    without rounding."""
    _check(data_parallel, zero_stage)
    states = _states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    return _answer(*(int(size) for size in states), total=int(sum(states)))


def gradients_like_weights(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You give gradients the size of the weights. They have a dtype of their own: `grad_bytes`."""
    _check(data_parallel, zero_stage)
    return _answer(
        *_states(n_params, weight_bytes, weight_bytes, optimizer_bytes, data_parallel, zero_stage)
    )


def optimizer_always_twelve(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You always count 12 bytes for the optimiser. That is mixed-precision Adam; use
    `optimizer_bytes`."""
    _check(data_parallel, zero_stage)
    return _answer(*_states(n_params, weight_bytes, grad_bytes, 12, data_parallel, zero_stage))


def unchecked_stage(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You accept any stage. 4 or −1 do not exist; raise ValueError instead of a plausible number."""
    _check(data_parallel, 0)
    return _answer(
        *_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    )


def unchecked_world_size(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You accept a data-parallel size of 0 or less. Raise ValueError whatever the stage; at stage 0 no
    division would have noticed it."""
    _check(1, zero_stage)
    parts = data_parallel or 1
    return _answer(*_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, parts, zero_stage))


def refuses_one_gpu(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You refuse a single GPU (`<= 1` where `< 1` is meant). One GPU is allowed at every stage; it just
    holds everything."""
    _check(data_parallel - 1, zero_stage)
    return _answer(
        *_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    )


def unchecked_world_size_at_stage_0(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """At stage 0 you do not look at the data-parallel size, as nothing is divided by it. Less than one GPU
    is impossible at every stage: raise ValueError."""
    _check(data_parallel if zero_stage else 1, zero_stage)
    return _answer(
        *_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    )


def errors_as_assertions(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    """You check with `assert`, which raises AssertionError and disappears under `python -O`. Raise
    ValueError."""
    assert zero_stage in (0, 1, 2, 3)
    assert data_parallel >= 1
    return _answer(
        *_states(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel, zero_stage)
    )
