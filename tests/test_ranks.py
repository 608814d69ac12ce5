"""Simulated ranks: messages, deadlocks that end at once, errors told from their echo."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from verifiers import ranks
from verifiers.ranks import DeadlockError, SilentDeadlockError, run_ranks


def test_every_rank_returns_its_own_result():
    assert run_ranks(4, lambda rank, send, recv: rank * rank).returned == (0, 1, 4, 9)


def test_messages_from_one_rank_arrive_in_the_order_they_were_sent():
    def program(rank, send, recv):
        if rank == 0:
            for value in range(20):
                send(1, torch.tensor(value))
            return None
        return [recv(0).item() for _ in range(20)]

    assert run_ranks(2, program).returned[1] == list(range(20))


def test_a_receiver_hears_the_rank_it_names_whoever_sent_first():
    def program(rank, send, recv):
        if rank == 2:
            return recv(0).item(), recv(1).item()
        if rank == 0:
            time.sleep(0.05)
        send(2, torch.tensor(rank))
        return None

    assert run_ranks(3, program).returned[2] == (0, 1)


def test_send_copies():
    def program(rank, send, recv):
        mine = torch.zeros(3)
        if rank == 0:
            send(1, mine)
            mine.fill_(9)
            send(1, mine)
            return None
        first, second = recv(0), recv(0)
        first.fill_(5)
        return first.tolist(), second.tolist()

    assert run_ranks(2, program).returned[1] == ([5.0] * 3, [9.0] * 3)


def test_every_message_is_recorded_with_its_bytes():
    def program(rank, send, recv):
        send(dst=(rank + 1) % 3, tensor=torch.zeros(2, rank + 1, dtype=torch.float64)[:, ::2])
        recv(src=(rank - 1) % 3)

    messages = run_ranks(3, program).messages
    assert sorted((m.source, m.destination, m.n_bytes) for m in messages) == [
        (0, 1, 16),
        (1, 2, 16),
        (2, 0, 32),
    ]


def test_results_do_not_depend_on_how_threads_take_turns():
    def program(rank, send, recv):
        total = torch.tensor(float(rank + 1))
        for _ in range(30):
            send((rank + 1) % 5, total)
            total = (total + recv((rank - 1) % 5)) % 7
        return total.item()

    first = run_ranks(5, program)
    for _ in range(20):
        assert run_ranks(5, program).returned == first.returned


# Deadlocks. PATIENCE is set to an hour, so that a run that only patience ends would time out.


@pytest.fixture
def no_patience_needed(monkeypatch):
    monkeypatch.setattr(ranks, "PATIENCE", 3600.0)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_patience_needed")
def test_ranks_that_all_wait_are_told_so_at_once():
    run = run_ranks(3, lambda rank, send, recv: recv((rank - 1) % 3))
    assert all(isinstance(error, SilentDeadlockError) for error in run.errors)
    assert "rank 1 waits for rank 0" in str(run.error)
    assert "nothing has been sent" in str(run.error)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_patience_needed")
def test_a_deadlock_after_some_messages_is_of_the_other_kind():
    def program(rank, send, recv):
        send((rank + 1) % 4, torch.zeros(1))
        return recv((rank + 1) % 4)

    run = run_ranks(4, program)
    assert type(run.error) is DeadlockError


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_patience_needed")
@pytest.mark.parametrize("late", [0.0, 0.1])
def test_waiting_for_a_rank_that_has_ended_is_a_deadlock(late):
    def program(rank, send, recv):
        if rank == 0:
            time.sleep(late)
            return None
        return recv(0)

    run = run_ranks(3, program)
    assert run.errors[0] is None
    assert isinstance(run.errors[1], DeadlockError)
    assert isinstance(run.errors[2], DeadlockError)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_patience_needed")
def test_the_error_that_stopped_the_others_is_the_one_reported():
    def program(rank, send, recv):
        if rank == 2:
            raise IndexError("no chunk 3")
        return recv(2)

    assert isinstance(run_ranks(4, program).error, IndexError)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_patience_needed")
def test_going_on_after_a_deadlock_is_no_use():
    def program(rank, send, recv):
        while True:
            try:
                return recv((rank - 1) % 2)
            except DeadlockError:
                send((rank + 1) % 2, torch.zeros(1))

    assert isinstance(run_ranks(2, program).error, DeadlockError)


def test_a_slow_rank_is_no_deadlock(monkeypatch):
    monkeypatch.setattr(ranks, "PATIENCE", 0.02)

    def program(rank, send, recv):
        if rank == 0:
            time.sleep(0.2)
            send(1, torch.ones(1))
            return 1.0
        return recv(0).item()

    assert run_ranks(2, program).returned == (1.0, 1.0)


def test_a_message_sent_from_a_thread_of_the_program_counts():
    """All ranks wait while their helpers are still to send: no deadlock."""

    def program(rank, send, recv):
        def later():
            time.sleep(0.1)
            send((rank + 1) % 3, torch.tensor(rank))

        helper = threading.Thread(target=later)
        helper.start()
        received = recv((rank - 1) % 3).item()
        helper.join()
        return received

    assert run_ranks(3, program).returned == (2, 0, 1)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_patience_needed")
def test_a_deadlock_is_seen_when_a_thread_that_has_nothing_to_do_with_it_ends():
    stranger = threading.Thread(target=time.sleep, args=(0.2,))

    def program(rank, send, recv):
        if rank == 0:
            stranger.start()
        return recv((rank + 1) % 3)

    assert isinstance(run_ranks(3, program).error, DeadlockError)
    stranger.join()


def test_a_helper_that_waits_for_ever_does_not_hang_the_run(monkeypatch):
    monkeypatch.setattr(ranks, "PATIENCE", 0.05)

    def program(rank, send, recv):
        caught = []

        def listen():
            try:
                recv(1 - rank)
            except DeadlockError as error:
                caught.append(error)

        helper = threading.Thread(target=listen)
        helper.start()
        helper.join()
        return len(caught)

    assert run_ranks(2, program).returned == (1, 1)


# Misuse


@pytest.mark.parametrize("destination", [-1, 3, 99])
def test_a_rank_that_does_not_exist_is_refused(destination):
    run = run_ranks(3, lambda rank, send, recv: send(destination, torch.zeros(1)))
    assert isinstance(run.error, ValueError)
    assert f"no rank {destination}" in str(run.error)
    run = run_ranks(3, lambda rank, send, recv: recv(destination))
    assert isinstance(run.error, ValueError)


@pytest.mark.parametrize("value", [1.0, (0, torch.zeros(1)), [1, 2], None])
def test_only_tensors_can_be_sent(value):
    run = run_ranks(2, lambda rank, send, recv: send(1 - rank, value))
    assert isinstance(run.error, TypeError)
    assert "send takes a tensor" in str(run.error)


def test_leaving_the_program_leaves_the_run():
    def program(rank, send, recv):
        if rank == 1:
            raise SystemExit
        return recv(1)

    with pytest.raises(SystemExit):
        run_ranks(3, program)


def test_no_thread_outlives_a_run():
    before = threading.active_count()
    for _ in range(5):
        run_ranks(6, lambda rank, send, recv: recv((rank + 1) % 6))
    assert threading.active_count() == before
