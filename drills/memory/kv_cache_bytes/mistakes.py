"""Wrong answers that people really give. Each docstring explains the misconception."""


def keys_only(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count one tensor per layer. The cache holds two, because later tokens need the keys and the
    values again: the factor is 2."""
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


def forgets_length(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count one token. The cache holds a key and a value for every token of a sequence, which is why
    it grows while the model generates."""
    return int(2 * n_layers * n_kv_heads * head_dim * batch_size * bytes_per_value)


def counts_values(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count values, not bytes: `bytes_per_value` has no effect. Multiply by the bytes that each
    value takes."""
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size


def always_two_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You always count 2 bytes. `bytes_per_value` may be 1 (FP8) or 0.5 (int4): quantising the cache
    is the point of that argument."""
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * 2


def rounds_bytes_up(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You round `bytes_per_value` up, and 0.5 becomes 1. Two int4 values share a byte: multiply first and
    convert the product."""
    return (
        2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * max(1, int(bytes_per_value))
    )


def truncates_bytes(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You write `int(bytes_per_value)` inside the product, which turns 0.5 into 0 and the whole cache
    with it. Convert the product, not the factor."""
    return 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * int(bytes_per_value)


def truncates_one_head(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You make the bytes of one head, or of the keys alone, an int before you multiply on. With an odd
    number of int4 values half a byte is cut off there, and the product multiplies the loss. Convert once,
    at the end."""
    per_head = int(head_dim * bytes_per_value)
    return 2 * n_layers * n_kv_heads * per_head * seq_len * batch_size


def in_float32(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You compute in float32, which holds 24 bits: above 16 MiB it cannot tell neighbouring numbers of
    bytes apart. Python's own ints are exact at any size."""
    import numpy as np

    values = 2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size
    return int(np.float32(values) * np.float32(bytes_per_value))


def returns_float(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You return a float. Bytes are counted: the task asks for an int."""
    return float(2 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)


def returns_float_for_half_bytes(
    n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2
):
    """Your result is an int for whole bytes and a float for 0.5. The task asks for an int every time:
    convert the product with `int`."""
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


def adds_heads_and_width(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You add the number of heads and their width. Each head has `head_dim` values of its own, so the two
    multiply."""
    return int(2 * n_layers * (n_kv_heads + head_dim) * seq_len * batch_size * bytes_per_value)


def counts_queries_too(n_layers, n_kv_heads, head_dim, seq_len, batch_size, bytes_per_value=2):
    """You count queries as well. A query is used once, when its token is processed; only keys and
    values are needed later."""
    return int(3 * n_layers * n_kv_heads * head_dim * seq_len * batch_size * bytes_per_value)
