"""The ring all-reduce drill: sums, bytes and gloo as oracles; answers not in its folder."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections import Counter

import pytest
import torch
import torch.distributed as dist

from drills.catalogue import get_drill
from tests.judged_in_process import complaints, reference
from verifiers.ranks import run_ranks
from verifiers.watch import Watch

DRILL = "ring_all_reduce"


def on_a_ring(solution, tensors):
    n = len(tensors)
    return run_ranks(n, lambda rank, send, recv: solution(rank, n, tensors[rank], send, recv))


# The reference against the sum, the formula for traffic, and gloo


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("shape", [(12,), (7,), (2, 5), (3, 1, 4), (1,), (), (0, 3)])
def test_every_rank_gets_the_sum(n, shape):
    generator = torch.Generator().manual_seed(n)
    tensors = [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(n)]
    for result in on_a_ring(reference(DRILL), tensors).returned:
        torch.testing.assert_close(result, torch.stack(tensors).sum(0))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("elements", [0, 1, 7, 16, 40, 41])
def test_traffic_is_that_of_the_formula(n, elements):
    """2 (n − 1) / n of the payload from each rank where chunks are equal; the exact total."""
    tensors = [torch.ones(elements) for _ in range(n)]
    messages = on_a_ring(reference(DRILL), tensors).messages
    sent = Counter(dict.fromkeys(range(n), 0))
    for message in messages:
        assert message.destination == (message.source + 1) % n
        sent[message.source] += message.n_bytes // 4
    assert sent.total() == 2 * (n - 1) * elements
    if elements % n == 0:
        assert set(sent.values()) == {2 * (n - 1) * elements // n}
    low, high = 2 * (n - 1) * (elements // n), 2 * (n - 1) * -(-elements // n)
    assert all(low <= number <= high for number in sent.values())


def _on_gloo(rank, n, meeting, pipe):
    """One real process: the reference over isend and recv, then the library's all-reduce."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=n)
    tensor = torch.arange(11.0, dtype=torch.float64).sin() * (rank + 1)
    under_way = []

    def send(dst, values):
        parts = (torch.tensor([values.numel()]), values.clone())
        under_way.extend((dist.isend(part, dst), part) for part in parts)

    def recv(src):
        size = torch.zeros(1, dtype=torch.int64)
        dist.recv(size, src)
        values = torch.empty(int(size), dtype=torch.float64)
        dist.recv(values, src)
        return values

    ours = reference(DRILL)(rank, n, tensor, send, recv)
    for handle, _ in under_way:
        handle.wait()
    dist.all_reduce(tensor)
    pipe.send((ours.tolist(), tensor.tolist()))
    dist.destroy_process_group()


def test_runs_on_real_processes_and_agrees_with_gloo(tmp_path):
    n, context = 3, multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(n)]
    meeting = f"file://{tmp_path / 'meeting'}"
    reference(DRILL)  # loaded before the fork
    children = [
        context.Process(target=_on_gloo, args=(rank, n, meeting, pipes[rank][1]))
        for rank in range(n)
    ]
    for child in children:
        child.start()
    for receiving, _ in pipes:
        assert receiving.poll(60)
        ours, library = receiving.recv()
        assert ours == pytest.approx(library)
    for child in children:
        child.join(10)


# Wrong answers beside those of the folder


def _neighbours(rank, n):
    return (rank + 1) % n, (rank - 1) % n


def _ring(rank, n, chunks, send, recv):
    """A right ring on the given chunks, in place in the list."""
    right, left = _neighbours(rank, n)
    for step in range(n - 1):
        send(right, chunks[(rank - step) % n])
        chunks[(rank - step - 1) % n] = chunks[(rank - step - 1) % n] + recv(left)
    for step in range(n - 1):
        send(right, chunks[(rank + 1 - step) % n])
        chunks[(rank - step) % n] = recv(left)
    return torch.cat(chunks)


def returns_its_input(rank, n, tensor, send, recv):
    return tensor


def returns_nothing(rank, n, tensor, send, recv):
    return None


def multiplies_by_the_world_size(rank, n, tensor, send, recv):
    return tensor * n


def ceil_chunks_with_empty_ones(rank, n, tensor, send, recv):
    """`chunk`, made safe: sizes such as 3, 3, 3, 1 still differ by more than one."""
    chunks = list(tensor.flatten().chunk(n))
    chunks += [chunks[0][:0]] * (n - len(chunks))
    return _ring(rank, n, chunks, send, recv).reshape(tensor.shape)


def remainder_in_the_first_chunk(rank, n, tensor, send, recv):
    size, flat = tensor.numel() // n, tensor.flatten()
    ends = [flat.numel() - size * (n - 1 - i) for i in range(n - 1)]
    return _ring(rank, n, list(flat.tensor_split(ends)), send, recv).reshape(tensor.shape)


def whole_tensor_as_one_chunk(rank, n, tensor, send, recv):
    """The ring on one chunk and n − 1 empty ones."""
    flat = tensor.flatten()
    chunks = [flat, *[flat[:0]] * (n - 1)]
    return _ring(rank, n, chunks, send, recv).reshape(tensor.shape)


def reduce_to_root_along_the_ring(rank, n, tensor, send, recv):
    """A chain up to the last rank, then back down the same links."""
    total = tensor.clone()
    if rank > 0:
        total = total + recv(rank - 1)
    if rank < n - 1:
        send(rank + 1, total)
        total = recv(rank + 1)
    if rank > 0:
        send(rank - 1, total)
    return total.clone()


def reduce_scatter_by_direct_exchange(rank, n, tensor, send, recv):
    """The right amount, but straight to the owner of each chunk."""
    chunks = list(tensor.flatten().tensor_split(n))
    for other in range(n):
        if other != rank:
            send(other, chunks[other])
    mine = chunks[rank].clone()
    for other in range(n):
        if other != rank:
            mine = mine + recv(other)
    for other in range(n):
        if other != rank:
            send(other, mine)
    parts = [mine if other == rank else recv(other) for other in range(n)]
    return torch.cat(parts).reshape(tensor.shape)


def sends_a_step_number_too(rank, n, tensor, send, recv):
    """A word of control with every chunk."""

    def numbered(destination, chunk):
        send(destination, torch.zeros(1, dtype=tensor.dtype))
        send(destination, chunk)

    def unnumbered(source):
        recv(source)
        return recv(source)

    chunks = list(tensor.flatten().tensor_split(n))
    return _ring(rank, n, chunks, numbered, unnumbered).reshape(tensor.shape)


def sends_the_index_with_the_chunk(rank, n, tensor, send, recv):
    send((rank + 1) % n, (rank, tensor))
    return recv((rank - 1) % n)[1]


def halves_the_precision(rank, n, tensor, send, recv):
    """Compressed to bfloat16 on the way."""
    if not tensor.is_floating_point():
        return _right(rank, n, tensor, send, recv)
    chunks = list(tensor.flatten().tensor_split(n))

    def compressed(destination, chunk):
        send(destination, chunk.bfloat16())

    def expanded(source):
        return recv(source).to(tensor.dtype)

    return _ring(rank, n, chunks, compressed, expanded).reshape(tensor.shape)


def skips_the_last_rank(rank, n, tensor, send, recv):
    """One step too few in each phase."""
    chunks = list(tensor.flatten().tensor_split(n))
    right, left = _neighbours(rank, n)
    for step in range(n - 2):
        send(right, chunks[(rank - step) % n])
        chunks[(rank - step - 1) % n] = chunks[(rank - step - 1) % n] + recv(left)
    for step in range(n - 2):
        send(right, chunks[(rank + 1 - step) % n])
        chunks[(rank - step) % n] = recv(left)
    return torch.cat(chunks).reshape(tensor.shape)


def maximum_instead_of_sum(rank, n, tensor, send, recv):
    total, passing = tensor, tensor
    for _ in range(n - 1):
        send((rank + 1) % n, passing)
        passing = recv((rank - 1) % n)
        total = torch.maximum(total, passing)
    return total.clone()


def adds_in_place_on_views(rank, n, tensor, send, recv):
    chunks = list(tensor.flatten().tensor_split(n))
    for step in range(n - 1):
        send((rank + 1) % n, chunks[(rank - step) % n])
        chunks[(rank - step - 1) % n] += recv((rank - 1) % n)
    for step in range(n - 1):
        send((rank + 1) % n, chunks[(rank + 1 - step) % n])
        chunks[(rank - step) % n] = recv((rank - 1) % n)
    return torch.cat(chunks).reshape(tensor.shape)


def double_inside_for_integers(rank, n, tensor, send, recv):
    """float64 has as many bytes as int64, but not as many digits."""
    chunks = list(tensor.double().flatten().tensor_split(n))
    if tensor.is_floating_point():
        return _right(rank, n, tensor, send, recv)
    return _ring(rank, n, chunks, send, recv).reshape(tensor.shape).to(tensor.dtype)


def writes_the_result_into_the_input(rank, n, tensor, send, recv):
    tensor.copy_(_right(rank, n, tensor, send, recv))
    return tensor


def _right(rank, n, tensor, send, recv):
    chunks = list(tensor.flatten().tensor_split(n))
    return _ring(rank, n, chunks, send, recv).reshape(tensor.shape)


WRONG = [
    returns_its_input,
    returns_nothing,
    multiplies_by_the_world_size,
    ceil_chunks_with_empty_ones,
    remainder_in_the_first_chunk,
    whole_tensor_as_one_chunk,
    reduce_to_root_along_the_ring,
    reduce_scatter_by_direct_exchange,
    sends_a_step_number_too,
    sends_the_index_with_the_chunk,
    halves_the_precision,
    skips_the_last_rank,
    maximum_instead_of_sum,
    adds_in_place_on_views,
    double_inside_for_integers,
    writes_the_result_into_the_input,
]


@pytest.mark.parametrize("solution", WRONG)
def test_rejects(solution):
    assert complaints(DRILL, solution)


def test_passes_the_helper_that_the_wrong_answers_are_made_from():
    assert complaints(DRILL, _right) == {}


# What the learner is told


def test_says_how_much_each_rank_should_send():
    said = complaints(DRILL, reduce_to_root_along_the_ring)
    assert "sent 12, 12, 24, 24 elements; each should send 18" in " ".join(said.values())


def test_says_when_a_rank_is_no_neighbour():
    said = complaints(DRILL, reduce_scatter_by_direct_exchange)
    assert "only its two neighbours" in " ".join(said.values())
    assert all(name.startswith("who sends how much") for name in said), "the sums are right"


def test_says_how_large_chunks_should_be():
    said = complaints(DRILL, ceil_chunks_with_empty_ones)
    assert "10 elements in 4 chunks make chunks of 2 or 3" in " ".join(said.values())


def test_a_deadlock_is_a_result_and_not_a_time_limit(judge):
    source = "def ring_all_reduce(rank, n, tensor, send, recv):\n    return recv((rank - 1) % n)\n"
    verdict = judge.judge(get_drill(DRILL).spec, source, seed=1)
    assert verdict.verdict == "runtime_error"
    assert "SilentDeadlockError in line 2" in verdict.checks[0].detail
    assert "rank 0 waits for rank 1" in verdict.checks[0].detail


def test_what_goes_wrong_on_one_rank_is_reported_and_not_its_echo_on_the_others(judge):
    source = (
        "def ring_all_reduce(rank, n, tensor, send, recv):\n"
        "    if rank == 1:\n"
        "        return tensor[99]\n"
        "    return recv((rank + 1) % n)\n"
    )
    verdict = judge.judge(get_drill(DRILL).spec, source, seed=1)
    assert "IndexError in line 3" in verdict.checks[0].detail


def test_the_example_shows_what_each_rank_returned(judge):
    drill = get_drill(DRILL)
    verdict = judge.judge(drill.spec, drill.reference, seed=1, example_only=True)
    assert verdict.checks[0].detail.endswith(
        "{'rank 0': tensor([11., 22., 33.]), 'rank 1': tensor([11., 22., 33.])}"
    )


def test_watching_for_torch_distributed_warns_of_nothing():
    """The package holds a deprecated name that warns when it is looked at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Watch(("torch.distributed",)).active():
            torch.zeros(1).exp()
    assert caught == []
