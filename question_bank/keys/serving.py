"""Keys on memory in serving: what fits, pages of the cache, the floor of a decode step."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from question_bank.keys import Key

GIB = 2**30
STORED_BYTES = {"BF16": 2, "FP8": 1}


def draw_card(rng: random.Random) -> dict[str, Any]:
    """A card, a model in BF16 with grouped-query attention, a context, the cache's format."""
    n_params, n_layers, n_kv_heads = rng.choice(
        [(1.5, 28, 2), (3.1, 36, 2), (7.6, 28, 4), (8.0, 32, 8), (14.8, 48, 8), (32.8, 64, 8)]
    )
    return {
        "card": rng.choice([24, 40, 48, 80, 96, 141]),
        "n_params": n_params * 1e9,
        "n_layers": n_layers,
        "n_kv_heads": n_kv_heads,
        "seq_len": rng.choice([2048, 4096, 8192, 16384, 32768]),
        "cache": rng.choice(list(STORED_BYTES)),
        "reserve": rng.choice([2, 3, 4, 5]),
    }


def largest_batch(
    card: int,
    n_params: float,
    n_layers: int,
    n_kv_heads: int,
    seq_len: int,
    cache: str,
    reserve: int,
) -> Key:
    """Sequences of full length whose caches fit beside BF16 weights; heads are 128 wide.

    Raises ValueError where hardly any or very many fit, or where rounding would decide.
    """
    room = (card - reserve) * GIB - 2 * n_params
    per_sequence = 2 * n_layers * n_kv_heads * 128 * STORED_BYTES[cache] * seq_len
    fits = room / per_sequence
    if not 3 < fits < 120 or not 0.05 < fits % 1 < 0.95:
        raise ValueError("draw again: too few, too many, or too close to call")
    shown = {"weights": 2 * n_params, "room": room, "per_sequence": per_sequence, "fits": fits}
    return Key(int(fits), {**shown, "bytes": STORED_BYTES[cache]})


def largest_batch_no_weights(
    card: int, n_layers: int, n_kv_heads: int, seq_len: int, cache: str, reserve: int
) -> float:
    """The mistake of giving the whole card to the cache."""
    per_sequence = 2 * n_layers * n_kv_heads * 128 * STORED_BYTES[cache] * seq_len
    return (card - reserve) * GIB // per_sequence


def largest_batch_keys_only(
    card: int,
    n_params: float,
    n_layers: int,
    n_kv_heads: int,
    seq_len: int,
    cache: str,
    reserve: int,
) -> float:
    """The mistake of caching keys without values."""
    room = (card - reserve) * GIB - 2 * n_params
    return room // (n_layers * n_kv_heads * 128 * STORED_BYTES[cache] * seq_len)


def draw_lengths(rng: random.Random) -> dict[str, Any]:
    """Tokens of five requests and the size of a block."""
    lengths = [rng.randint(20, 900) for _ in range(5)]
    return {"lengths": lengths, "block": rng.choice([16, 32, 64, 128])}


def paged_blocks(lengths: Sequence[int], block: int) -> Key:
    """Blocks that the sequences hold; the last one of each is filled in part.

    Kwon et al. 2023 (PagedAttention), arXiv 2309.06180, section 4.
    """
    each = [-(-length // block) for length in lengths]
    empty = sum(each) * block - sum(lengths)
    shown = {"each": each, "used": sum(lengths), "empty": empty}
    return Key(sum(each), {**shown, "waste": f"{empty / (sum(each) * block):.1%}"})


def paged_blocks_pooled(lengths: Sequence[int], block: int) -> float:
    """The mistake of letting sequences share a block."""
    return -(-sum(lengths) // block)


def paged_blocks_longest(lengths: Sequence[int], block: int) -> float:
    """The mistake of padding all to the longest, as a contiguous cache does."""
    return len(lengths) * -(-max(lengths) // block)


def paged_blocks_full_only(lengths: Sequence[int], block: int) -> float:
    """The mistake of counting only blocks that are full."""
    return sum(length // block for length in lengths)


def draw_samples(rng: random.Random) -> dict[str, Any]:
    """A prompt, samples drawn from it, tokens each one generates, the size of a block."""
    return {
        "prompt_tokens": rng.randint(100, 2000),
        "n_samples": rng.choice([2, 3, 4, 5, 6, 8]),
        "generated": rng.randint(20, 400),
        "block": rng.choice([16, 32]),
    }


def shared_blocks(prompt_tokens: int, n_samples: int, generated: int, block: int) -> Key:
    """Blocks at the end of parallel sampling: full prompt blocks shared, the rest each one's own.

    The prompt's last block is copied when a sample first writes to it; the last owner writes in
    place. Kwon et al. 2023, arXiv 2309.06180, section 4.4. Raises ValueError for a prompt that
    fills its blocks exactly: then there is nothing to copy.
    """
    shared, rest = divmod(prompt_tokens, block)
    if not rest:
        raise ValueError("draw again: the last block should be filled in part")
    own = -(-(rest + generated) // block)
    unshared = n_samples * -(-(prompt_tokens + generated) // block)
    shown = {"shared": shared, "rest": rest, "own": own, "unshared": unshared}
    return Key(shared + n_samples * own, shown)


def shared_blocks_none(prompt_tokens: int, n_samples: int, generated: int, block: int) -> float:
    """The mistake of sharing nothing."""
    return n_samples * -(-(prompt_tokens + generated) // block)


def shared_blocks_fresh(prompt_tokens: int, n_samples: int, generated: int, block: int) -> float:
    """The mistake of sharing the half-filled block too and starting each sample on a new one."""
    return -(-prompt_tokens // block) + n_samples * -(-generated // block)


def decode_floor(
    n_params: float, weights_in: str, batch: int, seq_len: int, per_token: int, bandwidth: float
) -> Key:
    """Seconds that one decode step takes at least: weights and caches read once from memory.

    Pope et al. 2022, arXiv 2211.05102, section 2. per_token in KiB, bandwidth in TB/s.
    """
    weights = n_params * STORED_BYTES[weights_in]
    cache = batch * seq_len * per_token * 1024
    seconds = (weights + cache) / (bandwidth * 1e12)
    rate = batch / seconds
    return Key(seconds, {"weights": weights, "cache_bytes": cache, "rate": rate})


def decode_floor_weights_only(n_params: float, weights_in: str, bandwidth: float) -> float:
    """The mistake of forgetting that the cache is read as well."""
    return n_params * STORED_BYTES[weights_in] / (bandwidth * 1e12)


def decode_floor_each(
    n_params: float, weights_in: str, batch: int, seq_len: int, per_token: int, bandwidth: float
) -> float:
    """The mistake of reading the weights once for each sequence."""
    cache = batch * seq_len * per_token * 1024
    return (batch * n_params * STORED_BYTES[weights_in] + cache) / (bandwidth * 1e12)


def decode_floor_one_cache(
    n_params: float, weights_in: str, seq_len: int, per_token: int, bandwidth: float
) -> float:
    """The mistake of reading one sequence's cache."""
    return (n_params * STORED_BYTES[weights_in] + seq_len * per_token * 1024) / (bandwidth * 1e12)
