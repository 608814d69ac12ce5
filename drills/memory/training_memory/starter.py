def training_memory(
    n_params: float,
    weight_bytes: float,
    grad_bytes: float,
    optimizer_bytes: float,
    data_parallel: int = 1,
    zero_stage: int = 0,
) -> dict[str, float]:
    """Bytes on one GPU: {"weights", "gradients", "optimizer", "total"} under a ZeRO stage.

    Raises ValueError for a stage outside 0 to 3 or a data-parallel size below 1.
    """
    raise NotImplementedError
