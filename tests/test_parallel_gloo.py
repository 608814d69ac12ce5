"""The parallel forms on real processes joined by gloo: same numbers as one process, bytes as said.

Each job forks its ranks, which talk over the loopback interface, one thread each.
"""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from topics.labs.parallel import (
    SCHEDULES,
    LayerShape,
    PipelineSettings,
    SequenceParallelSettings,
    bus_factor,
    flat,
    get_link,
    simulate_pipeline,
    volume_per_parameter,
)
from topics.labs.parallel.forms import (
    AdamShard,
    Wire,
    all_to_all,
    expert_parallel_mlp,
    ring_all_reduce,
    sequence_parallel_mlp,
    tensor_parallel_mlp,
    zero_3_mlp,
    zero_adam_step,
)
from topics.labs.parallel.forms_pipeline import pipeline_rank
from topics.labs.parallel.forms_sequence import ring_attention, ulysses_attention
from topics.labs.parallel.network.messages import cut
from topics.labs.parallel.sequence_parallel import forward_elements_per_rank

ITEM = 8  # bytes of a float64
TOKENS, HIDDEN, FFN = 8, 6, 12
WORLDS = (2, 4)
Job = Callable[[Wire], Any]


class GlooWire:
    """Point-to-point messages over torch.distributed, counting the bytes sent."""

    def __init__(self, rank: int, n_ranks: int) -> None:
        self.rank, self.n_ranks, self.bytes_sent = rank, n_ranks, 0
        self._under_way: list[Any] = []

    def send(self, target: int, values: np.ndarray, tag: int = 0) -> None:
        tensor = torch.from_numpy(np.ascontiguousarray(values).copy())
        self.bytes_sent += tensor.numel() * tensor.element_size()
        self._under_way.append((dist.isend(tensor, target, tag=tag), tensor))

    def receive(self, source: int, shape: tuple[int, ...], tag: int = 0) -> np.ndarray:
        tensor = torch.empty(shape, dtype=torch.float64)
        dist.recv(tensor, source, tag=tag)
        return tensor.numpy()

    def finish(self) -> None:
        for handle, _ in self._under_way:
            handle.wait()


def on_ranks(n: int, job: Job, folder: Path) -> list[tuple[Any, int]]:
    """Runs `job` on n forked processes; what each returned, and the bytes it sent."""
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(n)]
    meeting = f"file://{folder / 'meeting'}"
    children = [
        context.Process(target=_rank, args=(rank, n, job, meeting, pipes[rank][1]))
        for rank in range(n)
    ]
    for child in children:
        child.start()
    found = [pipe.recv() if pipe.poll(60) else "no answer in a minute" for pipe, _ in pipes]
    for child in children:
        child.join(10)
    for answer in found:
        assert not isinstance(answer, str), answer
    return found


def _rank(rank: int, n: int, job: Job, meeting: str, pipe: Connection) -> None:
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    try:
        dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=n)
        wire = GlooWire(rank, n)
        result = job(wire)
        wire.finish()
        dist.barrier()
        pipe.send((result, wire.bytes_sent))
    except Exception:
        pipe.send(traceback.format_exc())
    os._exit(0)  # leaves pytest's own exit handlers to the parent


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("n", WORLDS)
def test_a_ring_all_reduce_sums_and_sends_what_the_lab_says(n: int, tmp_path: Path) -> None:
    size = (3, 20)  # 60 elements: divides by both worlds
    answers = on_ranks(n, lambda wire: ring_all_reduce(wire, draw(*size, seed=wire.rank)), tmp_path)
    total = sum(draw(*size, seed=rank) for rank in range(n))
    for found, sent in answers:
        np.testing.assert_allclose(found, total, atol=1e-12)
        assert sent == bus_factor("all_reduce", n) * 60 * ITEM


def test_a_ring_all_reduce_of_uneven_pieces_sends_two_n_minus_1_payloads_in_all(
    tmp_path: Path,
) -> None:
    answers = on_ranks(4, lambda wire: ring_all_reduce(wire, draw(13, seed=wire.rank)), tmp_path)
    for found, _ in answers:
        np.testing.assert_allclose(found, sum(draw(13, seed=r) for r in range(4)), atol=1e-12)
    assert sum(sent for _, sent in answers) == 2 * 3 * 13 * ITEM


def torch_mlp(x: np.ndarray, up: np.ndarray, down: np.ndarray, grad: np.ndarray) -> list[Any]:
    """One process: output and gradients of x, up and down by autograd."""
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, up, down)]
    out = torch.relu(tensors[0] @ tensors[1]) @ tensors[2]
    out.backward(torch.from_numpy(grad))
    return [out.detach().numpy(), *(tensor.grad.numpy() for tensor in tensors)]


MLP = (
    draw(TOKENS, HIDDEN),
    draw(HIDDEN, FFN, seed=1),
    draw(FFN, HIDDEN, seed=2),
    draw(TOKENS, HIDDEN, seed=3),
)


@pytest.mark.parametrize("n", WORLDS)
def test_a_tensor_parallel_mlp_is_the_whole_one_with_one_all_reduce_each_way(
    n: int, tmp_path: Path
) -> None:
    x, up, down, grad = MLP
    columns = cut(slice(0, FFN), n)

    def job(wire: Wire) -> Any:
        mine = columns[wire.rank]
        return tensor_parallel_mlp(wire, x, up[:, mine], down[mine], grad)

    out, grad_x, grad_up, grad_down = torch_mlp(*MLP)
    for rank, (found, sent) in enumerate(on_ranks(n, job, tmp_path)):
        np.testing.assert_allclose(found.out, out, atol=1e-12)
        np.testing.assert_allclose(found.x, grad_x, atol=1e-12)
        np.testing.assert_allclose(found.up, grad_up[:, columns[rank]], atol=1e-12)
        np.testing.assert_allclose(found.down, grad_down[columns[rank]], atol=1e-12)
        assert sent == 2 * bus_factor("all_reduce", n) * TOKENS * HIDDEN * ITEM


@pytest.mark.parametrize("n", WORLDS)
def test_a_sequence_parallel_mlp_is_the_same_with_the_same_bytes(n: int, tmp_path: Path) -> None:
    x, up, down, grad = MLP
    columns, rows = cut(slice(0, FFN), n), cut(slice(0, TOKENS), n)

    def job(wire: Wire) -> Any:
        mine, tokens = columns[wire.rank], rows[wire.rank]
        return sequence_parallel_mlp(wire, x[tokens], up[:, mine], down[mine], grad[tokens])

    out, grad_x, grad_up, grad_down = torch_mlp(*MLP)
    for rank, (found, sent) in enumerate(on_ranks(n, job, tmp_path)):
        np.testing.assert_allclose(found.out, out[rows[rank]], atol=1e-12)
        np.testing.assert_allclose(found.x, grad_x[rows[rank]], atol=1e-12)
        np.testing.assert_allclose(found.up, grad_up[:, columns[rank]], atol=1e-12)
        np.testing.assert_allclose(found.down, grad_down[columns[rank]], atol=1e-12)
        assert sent == 4 * bus_factor("all_gather", n) * TOKENS * HIDDEN * ITEM


@pytest.mark.parametrize("n", WORLDS)
def test_zero_steps_are_adam_on_the_mean_gradient(n: int, tmp_path: Path) -> None:
    size, steps = 22, 3  # 22 leaves uneven pieces on four ranks

    def job(wire: Wire) -> Any:
        params = draw(size)
        piece = cut(slice(0, size), wire.n_ranks)[wire.rank]
        empty = np.zeros(piece.stop - piece.start)
        state = AdamShard(empty, empty)
        for step in range(steps):
            grads = draw(size, seed=100 * step + wire.rank)
            params, state = zero_adam_step(wire, params, grads, state, lr=0.1)
        return params, len(state.first)

    whole = torch.from_numpy(draw(size)).requires_grad_()
    adam = torch.optim.Adam([whole], lr=0.1)
    for step in range(steps):
        grads = [draw(size, seed=100 * step + rank) for rank in range(n)]
        whole.grad = torch.from_numpy(np.mean(grads, axis=0))
        adam.step()
    answers = on_ranks(n, job, tmp_path)
    for (params, _), _ in answers:
        np.testing.assert_allclose(params, whole.detach().numpy(), atol=1e-12)
    assert sum(kept for (_, kept), _ in answers) == size
    assert sum(sent for _, sent in answers) == steps * 2 * (n - 1) * size * ITEM


@pytest.mark.parametrize("n", WORLDS)
def test_experts_on_other_ranks_give_what_they_give_at_home(n: int, tmp_path: Path) -> None:
    ups = [draw(HIDDEN, FFN, seed=10 + rank) for rank in range(n)]
    downs = [draw(FFN, HIDDEN, seed=20 + rank) for rank in range(n)]

    def tokens_of(rank: int) -> tuple[np.ndarray, np.ndarray]:
        expert = np.random.default_rng(rank).integers(0, n, TOKENS)
        return draw(TOKENS, HIDDEN, seed=30 + rank), expert

    def job(wire: Wire) -> Any:
        x, expert = tokens_of(wire.rank)
        return expert_parallel_mlp(wire, x, expert, ups[wire.rank], downs[wire.rank])

    for rank, (found, sent) in enumerate(on_ranks(n, job, tmp_path)):
        x, expert = tokens_of(rank)
        for token, chosen in enumerate(expert):
            expected = np.maximum(x[token] @ ups[chosen], 0) @ downs[chosen]
            np.testing.assert_allclose(found[token], expected, atol=1e-12)
        assert sent == 2 * (n - 1) * TOKENS * HIDDEN * ITEM  # padded: room for every token


def test_an_all_to_all_transposes_who_has_what(tmp_path: Path) -> None:
    def job(wire: Wire) -> Any:
        return all_to_all(wire, np.arange(4.0)[:, None] + 10 * wire.rank)

    for rank, (found, sent) in enumerate(on_ranks(4, job, tmp_path)):
        assert found[:, 0].tolist() == [rank + 10 * source for source in range(4)]
        assert sent == bus_factor("all_to_all", 4) * 4 * ITEM


@pytest.mark.parametrize("n", WORLDS)
def test_data_parallel_gradients_are_those_of_the_whole_batch(n: int, tmp_path: Path) -> None:
    x, up, down, grad = MLP
    rows = cut(slice(0, TOKENS), n)

    def job(wire: Wire) -> Any:
        mine = rows[wire.rank]
        _, _, *grads = torch_mlp(x[mine], up, down, grad[mine])
        bucket = np.concatenate([part.ravel() for part in grads])
        return ring_all_reduce(wire, bucket)

    _, _, grad_up, grad_down = torch_mlp(*MLP)
    whole = np.concatenate([grad_up.ravel(), grad_down.ravel()])
    for found, sent in on_ranks(n, job, tmp_path):
        np.testing.assert_allclose(found, whole, atol=1e-12)
        assert sent == volume_per_parameter(0, n) * 2 * HIDDEN * FFN * ITEM


@pytest.mark.parametrize("n", WORLDS)
def test_zero_3_gathers_weights_twice_and_scatters_the_mean_gradient(
    n: int, tmp_path: Path
) -> None:
    x, up, down, grad = MLP
    params = np.concatenate([up.ravel(), down.ravel()])
    rows, pieces = cut(slice(0, TOKENS), n), cut(slice(0, params.size), n)

    def job(wire: Wire) -> Any:
        mine = rows[wire.rank]
        return zero_3_mlp(wire, x[mine], params[pieces[wire.rank]], (HIDDEN, FFN), grad[mine])

    out, _, grad_up, grad_down = torch_mlp(*MLP)
    mean = np.concatenate([grad_up.ravel(), grad_down.ravel()]) / n
    for rank, ((found, piece), sent) in enumerate(on_ranks(n, job, tmp_path)):
        np.testing.assert_allclose(found, out[rows[rank]], atol=1e-12)
        np.testing.assert_allclose(piece, mean[pieces[rank]], atol=1e-12)
        assert sent == volume_per_parameter(3, n) * params.size * ITEM


@pytest.mark.parametrize("kind", ["ulysses", "ring"])
@pytest.mark.parametrize("n", WORLDS)
def test_attention_over_a_cut_sequence_is_that_over_the_whole(
    n: int, kind: str, tmp_path: Path
) -> None:
    heads, head_dim = 4, 3
    q, k, v = (draw(heads, TOKENS, head_dim, seed=40 + i) for i in range(3))
    rows = cut(slice(0, TOKENS), n)
    attend = {"ulysses": ulysses_attention, "ring": ring_attention}[kind]

    def job(wire: Wire) -> Any:
        return attend(wire, *(part[:, rows[wire.rank]] for part in (q, k, v)))

    tensors = (torch.from_numpy(part) for part in (q, k, v))
    whole = torch.nn.functional.scaled_dot_product_attention(*tensors).numpy()
    layer = LayerShape(heads * head_dim, heads, heads, seq_len=TOKENS)
    settings = SequenceParallelSettings(flat(n, get_link("nvlink-h100")), layer, kind)
    for rank, (found, sent) in enumerate(on_ranks(n, job, tmp_path)):
        np.testing.assert_allclose(found, whole[:, rows[rank]], atol=1e-12)
        assert sent == forward_elements_per_rank(settings) * ITEM


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("n", WORLDS)
def test_every_schedule_of_a_pipeline_gives_the_gradients_of_one_process(
    n: int, name: str, tmp_path: Path
) -> None:
    """The orders run as they are simulated: they end, and every message is the right one."""
    settings = PipelineSettings(name, n, 2 * n, message_bytes=TOKENS * HIDDEN * ITEM)
    simulated = simulate_pipeline(settings)
    shape, codes = simulated.shape, simulated.timeline.codes
    weights = [draw(HIDDEN, HIDDEN, seed=50 + s) for s in range(shape.n_virtual_stages)]
    inputs = [draw(TOKENS, HIDDEN, seed=70 + i) for i in range(2 * n)]
    grads_out = [draw(TOKENS, HIDDEN, seed=90 + i) for i in range(2 * n)]

    def job(wire: Wire) -> Any:
        order = codes[wire.rank][codes[wire.rank] >= 0]
        ranks = shape.ranks_of_stages()
        mine = {s: weight for s, weight in enumerate(weights) if ranks[s] == wire.rank}
        return pipeline_rank(wire, shape, order, mine, inputs, grads_out)

    layers = [torch.from_numpy(weight).requires_grad_() for weight in weights]
    for x, grad in zip(inputs, grads_out, strict=True):
        hidden = torch.from_numpy(x)
        for layer in layers:
            hidden = torch.tanh(hidden @ layer)
        hidden.backward(torch.from_numpy(grad))
    answers = on_ranks(n, job, tmp_path)
    found = {stage: grad for grads, _ in answers for stage, grad in grads.items()}
    assert set(found) == set(range(shape.n_virtual_stages))
    for stage, layer in enumerate(layers):
        np.testing.assert_allclose(found[stage], layer.grad.numpy(), atol=1e-12)
    assert [sent for _, sent in answers] == simulated.bytes_sent.tolist()
