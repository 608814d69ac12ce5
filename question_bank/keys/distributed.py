"""Keys on distributed training: shards, bytes on the wire, losses over several micro-batches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from question_bank.keys import Key

WEIGHT, GRADIENT, OPTIMIZER = 2, 2, 12  # bytes a parameter, mixed-precision Adam


def zero_bytes(n_params: float, n_gpus: int, stage: int) -> Key:
    """Bytes of model state on each GPU. Rajbhandari et al. 2019, arXiv 1910.02054, section 5."""
    parts = (WEIGHT, GRADIENT, OPTIMIZER)
    whole, shared = sum(parts[: 3 - stage]), sum(parts[3 - stage :])
    each = whole + shared / n_gpus
    shown = {"whole": whole, "shared": shared, "each": each, "floor": n_params * whole}
    return Key(n_params * each, shown)


def zero_bytes_stage_before(n_params: float, n_gpus: int, stage: int) -> float:
    """The mistake of sharding one thing too few."""
    return zero_bytes(n_params, n_gpus, stage - 1).value


def zero_bytes_no_master(n_params: float, n_gpus: int, stage: int) -> float:
    """The mistake of counting Adam's moments only, without the FP32 weights."""
    return zero_bytes(n_params, n_gpus, stage).value - 4 * n_params / n_gpus


def fsdp_sent(n_params: float, n_gpus: int, micro_batches: int) -> Key:
    """Bytes each GPU sends in a step of full sharding, BF16, no `no_sync`, ring collectives.

    Each micro-batch: two all-gathers of weights, one reduce-scatter of gradients, each
    (n − 1)/n of the tensor. Rajbhandari et al. 2019, section 7.2.2.
    """
    one_pass = 2 * n_params * (n_gpus - 1) / n_gpus
    shown = {
        "one_pass": one_pass,
        "one_micro_batch": 3 * one_pass,
        "replicated": 2 * one_pass,
        "passes": 3 * micro_batches,
        "unsharded": 2 * n_params,
    }
    return Key(3 * one_pass * micro_batches, shown)


def fsdp_sent_once(n_params: float, n_gpus: int) -> float:
    """The mistake of exchanging once a step, as DDP with `no_sync` does."""
    return fsdp_sent(n_params, n_gpus, 1).value


def fsdp_sent_two_passes(n_params: float, n_gpus: int, micro_batches: int) -> float:
    """The mistake of gathering the weights once for forward and backward."""
    return fsdp_sent(n_params, n_gpus, micro_batches).value * 2 / 3


def fsdp_sent_no_sync(n_params: float, n_gpus: int, micro_batches: int) -> float:
    """The mistake of reducing the gradients after the last micro-batch only."""
    one_pass = 2 * n_params * (n_gpus - 1) / n_gpus
    return one_pass * (2 * micro_batches + 1)


def draw_losses(rng: random.Random) -> dict[str, Any]:
    """Target tokens and mean loss of three or four micro-batches of very different length."""
    count = rng.choice([3, 4])
    return {
        "targets": [rng.choice([20, 50, 80, 100, 150, 400, 600, 1000]) for _ in range(count)],
        "losses": [rng.randint(10, 45) / 10 for _ in range(count)],
    }


def token_mean(targets: Sequence[int], losses: Sequence[float]) -> Key:
    """The mean loss over all target tokens, which one big batch would have given."""
    total = sum(n * loss for n, loss in zip(targets, losses, strict=True))
    naive = sum(losses) / len(losses)
    value = total / sum(targets)
    if abs(naive / value - 1) < 0.05:
        raise ValueError("draw again: the two means are too close")
    return Key(value, {"total": total, "all_targets": sum(targets), "naive": naive})


def mean_of_means(losses: Sequence[float]) -> float:
    """The mistake of weighting every micro-batch alike."""
    return sum(losses) / len(losses)


def sum_of_means(losses: Sequence[float]) -> float:
    """The mistake of adding the means up without dividing at all."""
    return sum(losses)


def padded_mean(targets: Sequence[int], losses: Sequence[float]) -> float:
    """The mistake of counting padding up to the longest micro-batch as targets."""
    total = sum(n * loss for n, loss in zip(targets, losses, strict=True))
    return total / (len(targets) * max(targets))


def ring_seconds(n: int, P: float, a: float, B: float) -> float:
    """Seconds of a ring all-reduce: 2(n − 1) steps, each with a latency and a chunk of P/n.

    Thakur, Rabenseifner and Gropp 2005; Patarasuk and Yuan 2009.
    """
    return 2 * (n - 1) * (a + P / (n * B))


def tensor_seconds(
    width: int, seq_len: int, batch: int, n_layers: int, ranks: int, bandwidth: int
) -> Key:
    """Seconds that tensor parallelism spends sending in one forward and backward pass.

    Four all-reduces a layer of batch · seq_len · width BF16 values, on a ring with `bandwidth`
    GB/s; latency left out. Shoeybi et al. 2019, arXiv 1909.08053, section 3.
    """
    tensor = 2 * batch * seq_len * width
    sent = 2 * (ranks - 1) / ranks * tensor
    shown = {"tensor": tensor, "sent": sent, "per_layer": 4 * sent, "total": 4 * sent * n_layers}
    return Key(4 * sent * n_layers / (bandwidth * 1e9), shown)


def tensor_seconds_forward(
    width: int, seq_len: int, batch: int, n_layers: int, ranks: int, bandwidth: int
) -> float:
    """The mistake of leaving out the backward pass."""
    return tensor_seconds(width, seq_len, batch, n_layers, ranks, bandwidth).value / 2


def tensor_seconds_one_way(
    width: int, seq_len: int, batch: int, n_layers: int, ranks: int, bandwidth: int
) -> float:
    """The mistake of an all-reduce that sends the tensor once."""
    whole = 2 * batch * seq_len * width * 4 * n_layers
    return whole / (bandwidth * 1e9)


def tensor_seconds_one_block(
    width: int, seq_len: int, batch: int, n_layers: int, ranks: int, bandwidth: int
) -> float:
    """The mistake of one all-reduce a layer: one block, one direction."""
    return tensor_seconds(width, seq_len, batch, n_layers, ranks, bandwidth).value / 4


def expert_sent(tokens: int, top_k: int, width: int, ranks: int) -> Key:
    """Bytes each rank sends for one expert layer, forward and backward, with an even router.

    Four all-to-alls of tokens · top_k BF16 vectors, of which 1/ranks stays at home. Lepikhin et
    al. 2020 (GShard), arXiv 2006.16668, section 3.2.
    """
    copies = 2 * tokens * top_k * width
    leaving = copies * (ranks - 1) / ranks
    shown = {"copies": copies, "leaving": leaving, "one_vector": 2 * width}
    return Key(4 * leaving, shown)


def expert_sent_one_copy(tokens: int, top_k: int, width: int, ranks: int) -> float:
    """The mistake of sending each token to one expert."""
    return expert_sent(tokens, top_k, width, ranks).value / top_k


def expert_sent_forward(tokens: int, top_k: int, width: int, ranks: int) -> float:
    """The mistake of leaving out the backward pass."""
    return expert_sent(tokens, top_k, width, ranks).value / 2


def expert_sent_ring(tokens: int, top_k: int, width: int, ranks: int) -> float:
    """The mistake of counting an all-to-all like an all-reduce, twice."""
    return expert_sent(tokens, top_k, width, ranks).value * 2
