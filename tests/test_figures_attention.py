"""The numbers in the attention figures, against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from topics import catalogue
from topics.attention import costs, figures_online_softmax, scores
from topics.attention.figures import WIDTHS, _saturation

FIGURES = catalogue.figures("attention")


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("kind", scores.MASKS)
@pytest.mark.parametrize("head_dim", [4, 64, 256])
def test_weights_agree_with_torch(head_dim: int, kind: str, scaled: bool) -> None:
    q, k = scores.queries_and_keys(head_dim)
    keep = scores.mask(kind, 3, hide_padding=True)
    got = scores.attention_weights(q, k, keep, scaled)
    # With the identity as values, attention returns its own weights.
    expected = F.scaled_dot_product_attention(
        torch.tensor(q)[None],
        torch.tensor(k)[None],
        torch.eye(len(k), dtype=torch.float64)[None],
        attn_mask=torch.tensor(keep),
        scale=None if scaled else 1.0,
    )[0]
    assert got == pytest.approx(expected.numpy(), abs=1e-12)


def test_masks_let_each_query_see_what_they_should() -> None:
    n = len(scores.TOKENS)
    causal = scores.mask("causal", 3, hide_padding=False)
    assert (causal == np.tril(np.ones((n, n), bool))).all()
    prefix = scores.mask("prefix", 3, hide_padding=False)
    assert prefix[:3, :3].all()
    assert (prefix[3:] == causal[3:]).all()
    window = scores.mask("sliding window", 3, hide_padding=False)
    assert window.sum(axis=1).tolist() == [1, 2, 3, 3, 3, 3, 3, 3, 3, 3]
    hidden = scores.mask("none", 3, hide_padding=True)
    assert not hidden[:, -2:].any()
    assert hidden[:, :-2].all()


def test_a_row_that_sees_nothing_gives_zeros() -> None:
    assert scores.softmax(np.full((1, 4), -np.inf)).tolist() == [[0, 0, 0, 0]]


def test_entropy_agrees_with_torch() -> None:
    weights = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    expected = torch.distributions.Categorical(probs=torch.tensor(weights)).entropy() / np.log(2)
    assert scores.entropy_bits(weights) == pytest.approx(expected.numpy(), abs=1e-6)


def test_scaling_keeps_the_softmax_awake_at_every_width() -> None:
    raw, raw_gradient = _saturation(16, False)
    scaled, scaled_gradient = _saturation(16, True)
    wide = int(np.flatnonzero(WIDTHS == 128)[0])
    assert raw[wide] > 0.85 > 0.35 > scaled[wide]
    assert raw_gradient[wide] < 0.1 < scaled_gradient[wide]
    assert scaled.max() - scaled.min() < 0.06


def test_the_gradient_plotted_is_the_softmax_own_derivative() -> None:
    row = torch.tensor([2.0, 1.0, 0.1], dtype=torch.float64, requires_grad=True)
    top = torch.softmax(row, dim=-1)[0]
    top.backward()
    assert row.grad is not None
    assert row.grad[0].item() == pytest.approx((top * (1 - top)).item())


def test_kv_cache_agrees_with_the_tensors_it_describes() -> None:
    shape = costs.CacheShape(n_layers=32, n_heads=32, n_kv_heads=8, head_dim=128, bytes_per_value=2)
    sizes = shape.per_token()
    for name, heads in (("MHA", 32), ("GQA", 8), ("MQA", 1)):
        layer = [torch.empty(1, heads, 1, 128, dtype=torch.bfloat16) for _ in ("k", "v")]
        assert sizes[name] == 32 * sum(x.numel() * x.element_size() for x in layer)
    assert sizes["MHA"] == 524_288
    assert sizes["MLA"] == 32 * (512 + 64) * 2


@pytest.mark.parametrize("window", [None, 8, 40])
def test_keys_seen_is_the_mean_of_the_mask(window: int | None) -> None:
    n = 24
    query, key = np.indices((n, n))
    mask = (key <= query) & (query - key < (window or n))
    assert costs.keys_seen(n, True, window) == pytest.approx(mask.sum(axis=1).mean())
    assert costs.keys_seen(n, False, window) == n


class CountFlops(TorchFunctionMode):
    """Adds up 2 · rows · inner · columns of every matrix product that runs inside."""

    total = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func in (torch.Tensor.matmul, torch.bmm):
            left, right = args
            self.total += 2 * left.numel() * right.shape[-1]
        return func(*args, **(kwargs or {}))


def test_flops_agree_with_the_products_a_real_layer_runs() -> None:
    d, heads, n = 64, 4, 48
    x = torch.randn(n, d)
    weights = [torch.randn(d, d) for _ in range(4)]
    up, down = torch.randn(d, 4 * d), torch.randn(4 * d, d)
    layer = costs.LayerFlops(d)
    with CountFlops() as projections:
        q, k, v = ((x @ w).view(n, heads, d // heads).transpose(0, 1) for w in weights[:3])
    with CountFlops() as attention:
        mixed = torch.bmm(torch.bmm(q, k.transpose(1, 2)), v)
    with CountFlops() as output:
        x = mixed.transpose(0, 1).reshape(n, d) @ weights[3]
    with CountFlops() as feed_forward:
        torch.relu(x @ up) @ down
    assert projections.total + output.total == n * layer.projections
    assert attention.total == n * layer.scores(n)
    assert feed_forward.total == n * layer.feed_forward


def test_attention_meets_the_feed_forward_block_at_four_widths() -> None:
    layer = costs.LayerFlops(4096)
    assert layer.scores(4 * 4096) == layer.feed_forward


@pytest.mark.parametrize("block", range(1, 7))
def test_online_softmax_ends_at_the_exact_answer(block: int) -> None:
    row = torch.tensor(figures_online_softmax.SCORES)
    values = torch.tensor(figures_online_softmax.VALUES)
    history = figures_online_softmax.states(block)
    for index, state in enumerate(history, 1):
        seen = slice(0, index * block)
        exact = float(torch.softmax(row[seen], dim=-1) @ values[seen])
        assert state.output == pytest.approx(exact)
        assert state.maximum + np.log(state.total) == pytest.approx(float(row[seen].logsumexp(0)))


def test_the_lesson_s_worked_rows() -> None:
    q = torch.tensor([[1.0, 0, 1, 0]])
    k = torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]])
    v = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    output = F.scaled_dot_product_attention(q[None], k[None], v[None])[0, 0]
    assert [round(float(x), 3) for x in output] == [0.814, 0.494]
    assert "output = 22.1386" in FIGURES["online-softmax"].draw(block=2, step=2).text
