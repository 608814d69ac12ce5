"""Wrong answers that people really give. Each docstring explains the misconception."""


def keys_only(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count one tensor per layer. The cache holds two, keys and values: K and V are both needed
    again, so the factor is 2."""
    return int(n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)


def forgets_layers(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count a single layer. Every layer attends with keys and values of its own, so the cache
    grows with the depth."""
    return int(2 * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)


def forgets_batch(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count one sequence. Each sequence in flight has a cache of its own (only a shared prefix
    could be stored once)."""
    return int(2 * n_layers * n_kv_heads * head_dim * seq_len * bytes_per_value)


def forgets_heads(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count one head per layer. That is multi-query attention; in general there are
    `n_kv_heads` of them."""
    return int(2 * n_layers * head_dim * seq_len * batch_size * bytes_per_value)


def forgets_head_dim(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count one number per head and token. Each key and each value is a vector of `head_dim`
    numbers."""
    return int(2 * n_layers * n_kv_heads * seq_len * batch_size * bytes_per_value)


def always_two_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You always count 2 bytes. `bytes_per_value` may be 1 (FP8) or 0.5 (int4): quantising the cache
    is the point of that argument."""
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * 2


def rounds_bytes_up(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You make `bytes_per_value` an int too early, and 0.5 becomes 0 or 1. Multiply first and convert
    the product."""
    return (
        2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * max(1, int(bytes_per_value))
    )


def truncates_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You write `int(bytes_per_value)` inside the product, which turns 0.5 into 0 and the whole cache
    with it. Convert the product, not the factor."""
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * int(bytes_per_value)


def returns_float(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You return a float. Bytes are counted: the task asks for an int."""
    return float(2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)


def returns_float_for_half_bytes(
    n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2
):
    """Your result is an int for whole bytes and a float for 0.5. Convert the product with `int`."""
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value


def in_mebibytes(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You return mebibytes. The task asks for bytes; dividing early also loses everything below
    1 MiB."""
    total = 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value
    return int(total // 2**20)


def quadratic_in_length(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You multiply by the sequence length twice. The attention scores are quadratic; the cache holds
    one key and one value per token and grows linearly."""
    return int(2 * n_layers * n_kv_heads * head_dim * seq_len**2 * batch_size * bytes_per_value)


def counts_queries_too(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count queries as well. A query is used once, when its token is processed; only keys and
    values are needed later."""
    return int(3 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)
