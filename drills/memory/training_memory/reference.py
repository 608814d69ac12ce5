def training_memory(
    n_params: float,
    weight_bytes: float,
    grad_bytes: float,
    optimizer_bytes: float,
    data_parallel: int = 1,
    zero_stage: int = 0,
) -> dict[str, float]:
    """Bytes on one GPU under a ZeRO stage (Rajbhandari et al. 2020, figure 1)."""
    if zero_stage not in (0, 1, 2, 3):
        raise ValueError(f"zero_stage must be 0, 1, 2 or 3, got {zero_stage}")
    if data_parallel < 1:
        raise ValueError(f"data_parallel must be 1 or more, got {data_parallel}")

    def per_gpu(bytes_per_parameter: float, shared_from_stage: int) -> float:
        parts = data_parallel if zero_stage >= shared_from_stage else 1
        return n_params * bytes_per_parameter / parts

    weights = per_gpu(weight_bytes, 3)
    gradients = per_gpu(grad_bytes, 2)
    optimizer = per_gpu(optimizer_bytes, 1)
    return {
        "weights": weights,
        "gradients": gradients,
        "optimizer": optimizer,
        "total": weights + gradients + optimizer,
    }
