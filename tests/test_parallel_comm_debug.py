"""Counts and volumes against PyTorch's own tensor parallelism and FSDP under a fake process group.

The fake group runs one rank of any number of ranks, so that what is sent can be counted without
sending it. CommDebugMode counts the collectives; a dispatch mode beside it reads their sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Shard
from torch.distributed.tensor.debug import CommDebugMode
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.utils._python_dispatch import TorchDispatchMode

from topics.labs.parallel import (
    DataParallelSettings,
    LayerShape,
    TensorParallelSettings,
    bytes_per_layer,
    calls_per_layer,
    collective_cost,
    flat,
    get_link,
    simulate_data_parallel,
)

RANKS, BATCH, SEQ, HIDDEN, FFN = 8, 4, 16, 32, 64
LINK = get_link("nvlink-h100")
LAYER = LayerShape(HIDDEN, 8, 8, FFN, gated=False, n_layers=1, seq_len=SEQ, micro_batch=BATCH)
SETTINGS = TensorParallelSettings(flat(RANKS, LINK), LAYER, dtype_bytes=4)

# Name in the dispatcher → our name, and which argument holds the whole payload (times the group).
SIZES: dict[str, tuple[str, Callable[[tuple[Any, ...]], int]]] = {
    "_c10d_functional.all_reduce": ("all_reduce", lambda a: a[0].numel()),
    "_c10d_functional.all_gather_into_tensor": ("all_gather", lambda a: a[0].numel() * RANKS),
    "_c10d_functional.reduce_scatter_tensor": ("reduce_scatter", lambda a: a[0].numel()),
    "c10d._allgather_base_": ("all_gather", lambda a: a[0].numel()),
    "c10d._reduce_scatter_base_": ("reduce_scatter", lambda a: a[1].numel()),
}


class Payloads(TorchDispatchMode):
    """Notes every collective with its payload in elements, counted as in nccl-tests."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        name = str(function).removesuffix(".default")
        if name in SIZES:
            op, size = SIZES[name]
            self.seen.append((op, size(args)))
        return function(*args, **(kwargs or {}))


@pytest.fixture(scope="module")
def mesh() -> Iterator[DeviceMesh]:
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=RANKS)
    yield init_device_mesh("cpu", (RANKS,))
    dist.destroy_process_group()


class Layer(nn.Module):
    """Two norms, two blocks, as in a Transformer; `readers` linears read the first norm."""

    def __init__(self, readers: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(HIDDEN), nn.LayerNorm(HIDDEN)
        self.into = nn.ModuleList(nn.Linear(HIDDEN, HIDDEN, bias=False) for _ in range(readers))
        self.out = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.up = nn.Linear(HIDDEN, FFN, bias=False)
        self.down = nn.Linear(FFN, HIDDEN, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normed = self.norm1(x)
        x = x + self.out(torch.stack([read(normed) for read in self.into]).sum(0))
        return x + self.down(torch.relu(self.up(self.norm2(x))))


def seen_in(module: nn.Module, x: torch.Tensor) -> list[tuple[str, int]]:
    """Collectives of a forward and backward; CommDebugMode must have counted as many."""
    with CommDebugMode() as counts, Payloads() as payloads:
        module(x).sum().backward()
    assert counts.get_total_counts() == len(payloads.seen)
    return payloads.seen


def bytes_sent(seen: list[tuple[str, int]]) -> float:
    topology = flat(RANKS, LINK)
    return sum(collective_cost(op, 4 * size, topology, "ring").bytes_sent for op, size in seen)


def expected_counts(settings: TensorParallelSettings) -> Counter[str]:
    return Counter(call.op for call in calls_per_layer(settings))


@pytest.mark.parametrize(("readers", "fused"), [(1, True), (3, False)])
def test_tensor_parallelism_reduces_as_often_and_as_much_as_dtensor(
    mesh: DeviceMesh, readers: int, fused: bool
) -> None:
    plan = {"into.*": ColwiseParallel(), "out": RowwiseParallel()}
    plan |= {"up": ColwiseParallel(), "down": RowwiseParallel()}
    layer = parallelize_module(Layer(readers), mesh, plan)
    seen = seen_in(layer, torch.randn(BATCH, SEQ, HIDDEN, requires_grad=True))
    settings = replace(SETTINGS, fused_inputs=fused)
    assert Counter(op for op, _ in seen) == expected_counts(settings)
    assert bytes_sent(seen) == pytest.approx(bytes_per_layer(settings))


@pytest.mark.parametrize(("readers", "fused"), [(1, True), (3, False)])
def test_sequence_parallelism_gathers_and_scatters_as_often_and_as_much_as_dtensor(
    mesh: DeviceMesh, readers: int, fused: bool
) -> None:
    rows = Shard(1)
    plan = {
        "norm1": SequenceParallel(),
        "norm2": SequenceParallel(),
        "into.*": ColwiseParallel(input_layouts=rows),
        "out": RowwiseParallel(output_layouts=rows),
        "up": ColwiseParallel(input_layouts=rows),
        "down": RowwiseParallel(output_layouts=rows),
    }
    layer = parallelize_module(Layer(readers), mesh, plan)
    seen = seen_in(layer, torch.randn(BATCH, SEQ // RANKS, HIDDEN, requires_grad=True))
    settings = replace(SETTINGS, sequence_parallel=True, fused_inputs=fused)
    assert Counter(op for op, _ in seen) == expected_counts(settings)
    assert bytes_sent(seen) == pytest.approx(bytes_per_layer(settings))


def test_zero_3_gathers_and_scatters_as_often_and_as_much_as_fsdp(mesh: DeviceMesh) -> None:
    n_layers, width = 5, 64

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = (nn.Linear(width, width, bias=False) for _ in range(n_layers))
            self.layers = nn.ModuleList(layers)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = torch.relu(layer(x))
            return x * 2

    net = Net()
    for layer in net.layers:
        fully_shard(layer, mesh=mesh, reshard_after_forward=True)
    fully_shard(net, mesh=mesh)
    seen = seen_in(net, torch.randn(2, width, requires_grad=True))
    settings = DataParallelSettings(
        flat(RANKS, LINK), n_layers * width**2, n_layers, 3, weight_bytes=4, grad_bytes=4
    )
    result = simulate_data_parallel(settings)
    names = [work.name for work in result.timeline if work.lane == "communication"]
    for op, ours in (("all_gather", "all-gather"), ("reduce_scatter", "reduce-scatter")):
        assert sum(o == op for o, _ in seen) == sum(name.startswith(ours) for name in names)
    assert bytes_sent(seen) == pytest.approx(result.total_bytes_sent)
