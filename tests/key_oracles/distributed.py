"""Distributed keys by doing it: shards allocated, messages counted, gradients compared."""

import math

import torch

from topics.labs.parallel.data_parallel import (
    DataParallelSettings,
    memory_per_rank,
    simulate_data_parallel,
)
from topics.labs.parallel.expert_parallel import ExpertParallelSettings, simulate_expert_parallel
from topics.labs.parallel.network.costs import collective_cost
from topics.labs.parallel.network.links import Link, flat
from topics.labs.parallel.network.messages import ring_all_reduce, timed


def _ring(n):
    return flat(n, Link("any", 0.0, 1e9))


def zero_bytes(n_params, n_gpus, stage):
    settings = DataParallelSettings(topology=_ring(n_gpus), n_params=n_params, zero_stage=stage)
    memory = memory_per_rank(settings)
    return math.fsum(memory[part] for part in ("weights", "gradients", "optimizer"))


def fsdp_sent(n_params, n_gpus, micro_batches):
    settings = DataParallelSettings(
        topology=_ring(n_gpus),
        n_params=n_params,
        n_layers=8,
        zero_stage=3,
        n_micro_batches=micro_batches,
    )
    return sum(simulate_data_parallel(settings).bytes_sent.values())


def token_mean(targets, losses):
    """Write out the loss of every single token and average."""
    every = [torch.full((n,), x, dtype=torch.float64) for n, x in zip(targets, losses, strict=True)]
    return torch.cat(every).mean().item()


def ring_seconds(n, P, a, B):
    return collective_cost("all_reduce", P, flat(n, Link("any", a, B)), "ring").seconds


def tensor_seconds(width, seq_len, batch, n_layers, ranks, bandwidth):
    """Time the ring's messages one by one for each of the layer's sums."""
    topology = flat(ranks, Link("any", 0.0, bandwidth * 1e9))
    values = torch.empty(batch, seq_len, width, dtype=torch.bfloat16, device="meta")
    messages = ring_all_reduce(ranks, values.numel())
    one = timed(messages, topology, values.element_size()).seconds
    sums = [(block, way) for block in ("attention", "mlp") for way in ("forward", "backward")]
    return math.fsum(one for _ in range(n_layers) for _ in sums)


def expert_sent(tokens, top_k, width, ranks):
    settings = ExpertParallelSettings(
        topology=_ring(ranks), n_experts=64, top_k=top_k, n_tokens=tokens, hidden=width
    )
    return simulate_expert_parallel(settings).bytes_sent["all_to_all"]
