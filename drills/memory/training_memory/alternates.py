"""Right answers in other styles; the verifier must pass them all."""

from fractions import Fraction


def table_of_stages(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    shared = {
        0: (),
        1: ("optimizer",),
        2: ("optimizer", "gradients"),
        3: ("optimizer", "gradients", "weights"),
    }
    if zero_stage not in shared:
        raise ValueError("no such stage")
    if data_parallel < 1:
        raise ValueError("no GPUs")
    sizes = {"weights": weight_bytes, "gradients": grad_bytes, "optimizer": optimizer_bytes}
    result = {
        name: size * n_params / (data_parallel if name in shared[zero_stage] else 1)
        for name, size in sizes.items()
    }
    result["total"] = sum(result.values())
    return result


def fall_through(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    class BadSetting(ValueError):
        pass

    if data_parallel <= 0 or not 0 <= zero_stage <= 3:
        raise BadSetting((data_parallel, zero_stage))
    w, g, o = (n_params * size for size in (weight_bytes, grad_bytes, optimizer_bytes))
    if zero_stage > 0:
        o /= data_parallel
    if zero_stage > 1:
        g /= data_parallel
    if zero_stage > 2:
        w /= data_parallel
    return {"total": w + g + o, "optimizer": o, "gradients": g, "weights": w}


def by_bytes_per_parameter(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    if int(zero_stage) != zero_stage or zero_stage < 0 or zero_stage > 3 or data_parallel < 1:
        raise ValueError(f"{zero_stage=} {data_parallel=}")
    inverse = 1.0 / data_parallel
    scale = [inverse if zero_stage >= stage else 1.0 for stage in (3, 2, 1)]
    per = [weight_bytes * scale[0], grad_bytes * scale[1], optimizer_bytes * scale[2]]
    names = ("weights", "gradients", "optimizer")
    return {
        **{n: n_params * b for n, b in zip(names, per, strict=True)},
        "total": n_params * sum(per),
    }


def with_numpy(n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0):
    import numpy as np

    if zero_stage not in range(4) or data_parallel < 1:
        raise ValueError
    sizes = np.array([weight_bytes, grad_bytes, optimizer_bytes], dtype=np.float64) * n_params
    sizes[np.array([3, 2, 1]) <= zero_stage] /= data_parallel
    names = ["weights", "gradients", "optimizer", "total"]
    return dict(zip(names, [*sizes, sizes.sum()], strict=True))


def exact_fractions(
    n_params, weight_bytes, grad_bytes, optimizer_bytes, data_parallel=1, zero_stage=0
):
    match zero_stage:
        case 0 | 1 | 2 | 3 if data_parallel > 0:
            share = Fraction(1, data_parallel)
        case _:
            raise ValueError(f"stage {zero_stage} on {data_parallel} GPUs")
    result = {
        "weights": Fraction(n_params) * Fraction(weight_bytes) * share ** (zero_stage > 2),
        "gradients": Fraction(n_params) * Fraction(grad_bytes) * share ** (zero_stage > 1),
        "optimizer": Fraction(n_params) * Fraction(optimizer_bytes) * share ** (zero_stage > 0),
    }
    return result | {"total": sum(result.values())}
