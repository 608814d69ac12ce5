def kv_cache_bytes(
    n_layers: int,
    n_kv_heads: int,
    head_dim: int,
    seq_len: int,
    batch_size: int,
    bytes_per_value: float = 2,
) -> int:
    """Bytes of the keys and values of `batch_size` sequences of `seq_len` tokens, as an int."""
    values_per_token = 2 * n_layers * n_kv_heads * head_dim  # keys and values
    return int(values_per_token * seq_len * batch_size * bytes_per_value)
