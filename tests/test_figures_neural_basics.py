"""The numbers in the neural-basics figures, against torch and brute force."""

from __future__ import annotations

import importlib
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

pooling = importlib.import_module("topics.neural-basics.figures_pooling")
training = importlib.import_module("topics.neural-basics.figures_training")
recurrence = importlib.import_module("topics.neural-basics.figures_recurrence")
convolution = importlib.import_module("topics.neural-basics.figures_convolution")
classification = importlib.import_module("topics.neural-basics.figures_classification")


@pytest.mark.parametrize("grid", [pooling.GRID, pooling.TIED], ids=["plain", "tied"])
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
def test_pooling_and_its_gradient_agree_with_torch(
    grid: np.ndarray, kind: str, kernel: int, stride: int, padding: int
) -> None:
    x = torch.tensor(grid, requires_grad=True)
    layer = F.max_pool2d if kind == "max" else F.avg_pool2d
    expected = layer(x[None, None], kernel, stride, padding)[0, 0]
    expected.sum().backward()
    got = pooling.pool(grid, kind, kernel, stride, padding)
    assert got.output == pytest.approx(expected.detach().numpy())
    assert x.grad is not None
    assert got.gradient == pytest.approx(x.grad.numpy())


def test_the_tied_grid_has_ties_and_overlap_adds_up() -> None:
    tied = pooling.pool(pooling.TIED, "max", 2, 1, 0)
    assert tied.gradient.max() > 1
    assert tied.gradient.sum() == tied.output.size
    assert (pooling.TIED == 4).sum() > (pooling.GRID == 4).sum()


def test_descent_agrees_with_torch_sgd() -> None:
    place = torch.tensor(training.START, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([place], lr=0.05, momentum=0.8)
    for _ in range(20):
        optimizer.zero_grad()
        loss = 0.5 * (place[0] ** 2 + 20 * place[1] ** 2)
        loss.backward()
        optimizer.step()
    path = training.descend(0.05, 0.8, 20, 20)
    assert path[-1] == pytest.approx(place.detach().numpy())
    assert training.valley(path[0], 20) == pytest.approx(0.5 * (16 + 20 * 1.5**2))


def test_the_stated_limit_of_the_learning_rate_is_the_real_one() -> None:
    below = training.valley(training.descend(0.099, 0, 20, 60), 20)
    above = training.valley(training.descend(0.101, 0, 20, 60), 20)
    assert below[-1] < below[0]
    assert above[-1] > above[0]


def test_fits_are_least_squares() -> None:
    x, y = training.samples(20, 0.3, seed=3)
    assert len(x) == 20
    powers = torch.tensor(np.vander(x, 4))
    solution = torch.linalg.lstsq(powers, torch.tensor(y)[:, None]).solution
    expected = float(((powers @ solution)[:, 0] - torch.tensor(y)).square().mean())
    drawing = training.draw_fitting(degree=3, n_points=20, noise=0.3)
    assert f"training error {expected:.4f}" in drawing.text


def test_more_degrees_never_raise_training_error_and_do_raise_validation_error() -> None:
    def errors(degree: int) -> tuple[float, float]:
        text = training.draw_fitting(degree=degree, n_points=20, noise=0.3).text
        numbers = text.split("error ")[1:]
        return float(numbers[0].split(",")[0]), float(numbers[1].split(". ")[0])

    curve = [errors(degree) for degree in range(11)]
    assert all(a[0] >= b[0] - 1e-4 for a, b in itertools.pairwise(curve))
    assert curve[1][1] > curve[3][1] < curve[9][1]


def test_rnn_jacobian_agrees_with_autograd() -> None:
    orthogonal, _, inputs = recurrence._weights()
    recurrent = torch.tensor(1.1 * orthogonal)

    def run(h: torch.Tensor) -> torch.Tensor:
        for x in torch.tensor(inputs[:12, : recurrence.WIDTH]):
            h = torch.tanh(recurrent @ h + x)
        return h

    start = torch.zeros(recurrence.WIDTH, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(run, start)
    expected = float(torch.linalg.matrix_norm(jacobian, 2))
    assert recurrence.rnn_norms(1.1, 12)[-1] == pytest.approx(expected)


def test_lstm_jacobian_agrees_with_autograd_through_torch_s_own_cell() -> None:
    _, weights, inputs = recurrence._weights()
    cell = torch.nn.LSTMCell(4 * recurrence.WIDTH, recurrence.WIDTH, dtype=torch.float64)
    with torch.no_grad():  # torch's gates come in the same order: i, f, g, o
        cell.weight_hh.copy_(torch.tensor(weights))
        cell.weight_ih.copy_(torch.eye(4 * recurrence.WIDTH, dtype=torch.float64))
        cell.bias_ih.zero_()
        cell.bias_hh.zero_()
        cell.bias_hh[recurrence.WIDTH : 2 * recurrence.WIDTH] = 2.0

    def run(c: torch.Tensor) -> torch.Tensor:
        h = torch.zeros(1, recurrence.WIDTH, dtype=torch.float64)
        for x in torch.tensor(inputs[:12]):
            h, c = cell(x[None], (h, c))
        return c[0]

    start = torch.zeros(1, recurrence.WIDTH, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(run, start)[:, 0]
    expected = float(torch.linalg.matrix_norm(jacobian, 2))
    assert recurrence.lstm_norms(2.0, 12)[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation"),
    [(32, 3, 1, 1, 1), (224, 7, 2, 3, 1), (33, 5, 3, 0, 2), (64, 3, 2, 1, 2), (17, 1, 4, 0, 1)],
)
def test_sizes_and_receptive_fields_agree_with_torch(
    size: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    sizes, fields = convolution.stack(size, kernel, stride, padding, dilation, 2)
    layer = torch.nn.Conv1d(1, 1, kernel, stride, padding, dilation, bias=False)
    torch.nn.init.ones_(layer.weight)
    x = torch.zeros(1, 1, size, requires_grad=True)
    out = layer(layer(x))
    assert sizes == [size, layer(x).shape[-1], out.shape[-1]]
    out[0, 0, out.shape[-1] // 2].backward()
    assert x.grad is not None
    touched = x.grad[0, 0].nonzero()[:, 0]
    span = int(touched.max() - touched.min()) + 1
    assert span == fields[-1] or (padding and span < fields[-1] and size < 2 * fields[-1])


def test_a_stack_that_runs_out_of_pixels_says_so() -> None:
    text = convolution.draw_stack(8, 5, 2, 0, 1, 4).text
    assert text.startswith("8 → 2.")
    assert "Layer 2 would have nothing left" in text


def test_parameter_count_agrees_with_torch() -> None:
    layer = torch.nn.Conv2d(64, 64, 3)
    assert f"{layer.weight.numel():,} weights" in convolution.draw_stack(32, 3, 1, 1, 1, 1).text


def test_confusion_counts_agree_with_simulation() -> None:
    rng = np.random.default_rng(0)
    n = 400_000
    positive = rng.random(n) < 0.2
    score = rng.standard_normal(n) + 1.5 * positive
    called = score > 0.8
    scale = classification.EXAMPLES / n
    got = classification.counts(0.8, 0.2, 1.5)
    for value, cell in (
        (got.tp, called & positive),
        (got.fp, called & ~positive),
        (got.fn, ~called & positive),
        (got.tn, ~called & ~positive),
    ):
        assert value == pytest.approx(cell.sum() * scale, rel=0.02)
    pairs = score[positive][:40_000] > score[~positive][:40_000]
    assert classification.roc_auc(1.5) == pytest.approx(pairs.mean(), abs=0.01)


def test_metrics_of_the_lesson_s_fraud_filter() -> None:
    filter_ = classification.Counts(tp=8, fp=32, fn=2, tn=958)
    assert (filter_.precision, filter_.recall, filter_.f1) == (0.2, 0.8, 0.32)
    assert classification.Counts(0, 0, 10, 990).precision == 1.0


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("logit", [-5.0, 0.3, 4.0])
def test_losses_and_their_gradients_agree_with_torch(logit: float, target: float) -> None:
    z = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(target, dtype=torch.float64)
    entropy = F.binary_cross_entropy_with_logits(z, y)
    square = (torch.sigmoid(z) - y) ** 2
    slopes = [torch.autograd.grad(loss, z)[0] for loss in (entropy, square)]
    expected = [x.item() for x in (entropy, square, *slopes)]
    assert [float(x) for x in classification.losses(np.array(logit), target)] == pytest.approx(
        expected
    )


def test_the_lesson_s_two_layer_network() -> None:
    x = torch.tensor([2.0, 1.0], dtype=torch.float64)
    first = torch.tensor([[1, -1], [0.5, 0.5]], dtype=torch.float64, requires_grad=True)
    second = torch.tensor([2.0, -1.0], dtype=torch.float64, requires_grad=True)

    def loss(w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return 0.5 * (v @ torch.relu(w @ x) - 1) ** 2

    gradients = torch.autograd.grad(loss(first, second), (first, second))
    assert gradients[0].tolist() == [[-2, -1], [1, 0.5]]
    assert gradients[1].tolist() == [-0.5, -0.75]
    after = [
        loss(first - rate * gradients[0], second - rate * gradients[1]).item()
        for rate in (0.01, 0.1)
    ]
    assert [round(value, 3) for value in after] == [0.064, 0.422]


def test_the_lesson_s_small_numbers() -> None:
    powers = [round(base**50, digits) for base, digits in ((0.9, 3), (1.1, 0))]
    assert powers == [0.005, 117]
    assert round(recurrence.lstm_norms(2.0, 50)[-1], 1) == 0.5
    assert recurrence.lstm_norms(0.0, 50)[-1] == pytest.approx(1e-10, rel=0.3)
    assert recurrence.rnn_norms(1.0, 50)[-1] == pytest.approx(4e-6, rel=0.1)
    true, model = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
    divergence = torch.distributions.kl_divergence
    p, q = (torch.distributions.Categorical(probs=x) for x in (true, model))
    assert [round(float(divergence(*pair)), 3) for pair in ((p, q), (q, p))] == [0.511, 0.368]
    assert round(float(p.entropy() + divergence(p, q)), 3) == 1.204
