"""What a solution costs: tensors held at once, the largest one, operators, calls."""

import pytest
import torch
from torch import Tensor

from verifiers.costs import Counted, Meter


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=[pytest.mark.cuda])])
def device(request) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return request.param


N = 2**18  # elements of float32: 1 MiB


def peak(device: str, work: object) -> float:
    """MiB held at most."""
    x = torch.ones(N, device=device)
    with Meter(device) as meter:
        work(x)
    return meter.peak_bytes / 2**20


def two_at_once(x: Tensor) -> Tensor:
    a, b = x + 1, x + 2
    return a[:1] + b[:1]


def one_after_the_other(x: Tensor) -> None:
    for step in range(4):
        y = x + step
        del y


def test_the_peak_is_what_is_held_at_once(device):
    assert peak(device, two_at_once) == pytest.approx(2, rel=0.01)
    assert peak(device, one_after_the_other) == pytest.approx(1, rel=0.01)


def test_views_and_work_in_place_hold_nothing_more(device):
    assert peak(device, lambda x: x.view(2, -1).t().add_(1)) == 0


def test_what_was_held_before_does_not_count(device):
    kept = [torch.ones(N, device=device) for _ in range(5)]
    assert peak(device, two_at_once) == pytest.approx(2, rel=0.01)
    assert len(kept) == 5


def test_a_gradient_costs_what_the_graph_keeps(device):
    def chain(x: Tensor) -> None:
        x = x.requires_grad_()
        for _ in range(5):
            x = x.exp()
        x.sum().backward()

    assert 5 <= peak(device, chain) <= 8


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_buffers_inside_a_kernel_count_on_cuda():
    """A sort needs room that no operator returns."""
    x = torch.rand(N, device="cuda")
    with Meter("cuda") as meter:
        values, indices = x.sort()
    returned = values.nbytes + indices.nbytes
    assert meter.peak_bytes > returned


def test_the_largest_tensor_and_the_operators_are_counted():
    x = torch.ones(64)
    with Meter() as meter:
        (x[:, None] * x).sum()
    assert meter.largest == 64 * 64
    assert meter.operators["mul"] == meter.operators["sum"] == 1


def test_calls_are_counted_with_a_note_of_each():
    halve = Counted(lambda x: x / 2, note=lambda x: x)
    assert [halve(3), halve(5)] == [1.5, 2.5]
    assert halve.calls == 2 and halve.notes == [3, 5]
