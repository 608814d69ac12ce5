"""The orders of the schedules, against the tables of torch.distributed.pipelining."""

from __future__ import annotations

import numpy as np
import pytest
from torch.distributed.pipelining._schedule_visualizer import get_schedule_ops
from torch.distributed.pipelining.schedules import _Action, _ComputationType

from topics.labs.parallel.pipeline.ops import Kind, Shape
from topics.labs.parallel.pipeline.schedules import SCHEDULES, pipeline_shape

KINDS = {
    _ComputationType.FORWARD: Kind.FORWARD,
    _ComputationType.FULL_BACKWARD: Kind.BACKWARD,
    _ComputationType.BACKWARD_INPUT: Kind.BACKWARD_INPUT,
    _ComputationType.BACKWARD_WEIGHT: Kind.BACKWARD_WEIGHT,
}
Operation = tuple[Kind, int, int]


def torch_orders(name: str, p: int, m: int, v: int | None = None) -> list[list[Operation]]:
    """PyTorch's table: what each rank runs, without its waits and gradient reductions."""
    table = get_schedule_ops(name, p, m, num_stages_per_rank=v)
    orders = [[op for action in rank if action for op in _flat(action)] for rank in table]
    return _with_last_row_put_right(orders, p, m) if name == "1F1B" else orders


def _flat(action: _Action) -> list[Operation]:
    """An overlapped pair is its forward and its backward; a reduction is nothing."""
    if action.sub_actions:
        return [op for part in action.sub_actions for op in _flat(part)]
    if action.computation_type not in KINDS:
        return []
    return [(KINDS[action.computation_type], action.stage_index, action.microbatch_index)]


def _with_last_row_put_right(
    orders: list[list[Operation]], p: int, m: int
) -> list[list[Operation]]:
    """In torch 2.13 the last rank's forwards of the 1F1B table are numbered from 1, not from 0."""
    forwards = [i for kind, _, i in orders[-1] if kind == Kind.FORWARD]
    assert forwards == list(range(1, m + 1)), "torch has changed its table: drop this correction"
    orders[-1] = [(k, s, i - 1 if k == Kind.FORWARD else i) for k, s, i in orders[-1]]
    return orders


def lab_orders(name: str, p: int, m: int, v: int | None = None) -> list[list[Operation]]:
    schedule = SCHEDULES[name]
    shape = pipeline_shape(schedule, p, m, v)
    return [operations(shape, order) for order in schedule.orders(shape)]


def operations(shape: Shape, order: np.ndarray) -> list[Operation]:
    columns = (part.tolist() for part in shape.decode(order))
    return [(Kind(kind), stage, i) for kind, stage, i in zip(*columns, strict=True)]


@pytest.mark.parametrize(("p", "m"), [(1, 1), (1, 5), (2, 2), (3, 7), (4, 8), (8, 5), (16, 40)])
def test_gpipe_is_the_table_of_torch(p: int, m: int) -> None:
    assert lab_orders("gpipe", p, m) == torch_orders("GPipe", p, m)


@pytest.mark.parametrize(("p", "m"), [(2, 2), (2, 9), (3, 4), (4, 8), (5, 5), (8, 24), (16, 40)])
def test_1f1b_is_the_table_of_torch(p: int, m: int) -> None:
    assert lab_orders("1f1b", p, m) == torch_orders("1F1B", p, m)


@pytest.mark.parametrize("v", [2, 3, 5])
@pytest.mark.parametrize(("p", "m"), [(2, 2), (2, 8), (3, 6), (4, 4), (4, 16), (8, 24)])
def test_interleaved_is_the_table_of_torch(p: int, m: int, v: int) -> None:
    assert lab_orders("interleaved", p, m, v) == torch_orders("Interleaved1F1B", p, m, v)


@pytest.mark.parametrize("v", [2, 3])
@pytest.mark.parametrize(("p", "m"), [(2, 2), (2, 8), (3, 6), (4, 16), (8, 24)])
def test_zb_h1_with_chunks_is_the_interleaved_zero_bubble_table_of_torch(
    p: int, m: int, v: int
) -> None:
    assert lab_orders("zb-h1", p, m, v) == torch_orders("InterleavedZeroBubble", p, m, v)


@pytest.mark.parametrize(
    ("p", "m"), [(1, 1), (1, 4), (2, 1), (2, 3), (3, 5), (4, 3), (4, 8), (5, 20), (8, 24)]
)
def test_zb_v_is_the_table_of_torch(p: int, m: int) -> None:
    assert lab_orders("zb-v", p, m) == torch_orders("ZBVZeroBubble", p, m, 2)


@pytest.mark.parametrize("v", [2, 4])
@pytest.mark.parametrize(("p", "m"), [(2, 1), (2, 8), (3, 5), (4, 16)])
def test_looped_breadth_first_is_the_table_of_torch(p: int, m: int, v: int) -> None:
    assert lab_orders("looped-bfs", p, m, v) == torch_orders("LoopedBFS", p, m, v)


@pytest.mark.parametrize(("p", "m"), [(2, 4), (2, 9), (3, 6), (4, 8), (4, 20), (5, 13), (8, 24)])
def test_dualpipe_v_is_the_table_of_torch(p: int, m: int) -> None:
    assert lab_orders("dualpipe-v", p, m) == torch_orders("DualPipeV", p, m, 2)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_rank_has_an_order_of_every_operation_once(name: str) -> None:
    shape = pipeline_shape(SCHEDULES[name], 4, 12)
    for rank, order in enumerate(SCHEDULES[name].orders(shape)):
        found = operations(shape, order)
        assert len(set(found)) == len(found)
        stages = {shape.stage(rank, chunk) for chunk in range(shape.n_chunks)}
        forwards = {(s, i) for k, s, i in found if k == Kind.FORWARD}
        assert forwards == {(s, i) for s in stages for i in range(12)}


def test_a_v_shape_holds_the_first_and_the_last_stage_on_rank_zero() -> None:
    shape = Shape(3, 1, 2, v_shaped=True)
    assert shape.ranks_of_stages().tolist() == [0, 1, 2, 2, 1, 0]
    assert [[shape.stage(rank, chunk) for chunk in (0, 1)] for rank in range(3)] == [
        [0, 5],
        [1, 4],
        [2, 3],
    ]
