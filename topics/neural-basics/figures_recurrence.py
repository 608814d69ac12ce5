"""How much of a gradient survives many steps of an RNN, and of an LSTM."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from topics.figure import Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import BLUE, ORANGE, empty_plot

Array = NDArray[np.float64]

WIDTH = 16
LONGEST = 100
INPUT_SCALE = 0.5


@functools.cache
def _weights() -> tuple[Array, Array, Array]:
    """An orthogonal matrix (n, n); LSTM recurrent weights (4n, n); inputs of all steps (T, 4n)."""
    rng = np.random.default_rng(5)
    orthogonal = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0]
    lstm = 0.5 * rng.standard_normal((4 * WIDTH, WIDTH)) / np.sqrt(WIDTH)
    return orthogonal, lstm, INPUT_SCALE * rng.standard_normal((LONGEST, 4 * WIDTH))


def rnn_norms(gain: float, steps: int) -> Array:
    """Spectral norm of ∂h_t/∂h_0 for t = 1 … steps; h_t = tanh(gain · Q h + x_t), Q orthogonal."""
    orthogonal, _, inputs = _weights()
    recurrent = gain * orthogonal
    h, jacobian, norms = np.zeros(WIDTH), np.eye(WIDTH), []
    for x in inputs[:steps, :WIDTH]:
        h = np.tanh(recurrent @ h + x)
        jacobian = (1 - h**2)[:, None] * (recurrent @ jacobian)
        norms.append(np.linalg.norm(jacobian, 2))
    return np.array(norms)


def _sigmoid(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def lstm_norms(forget_bias: float, steps: int) -> Array:
    """Spectral norm of ∂c_t/∂c_0 for t = 1 … steps, along every path, gates included."""
    _, weights, inputs = _weights()
    bias = np.repeat([0.0, forget_bias, 0.0, 0.0], WIDTH)
    w_input, w_forget, w_cell, w_output = np.split(weights, 4)
    h, c = np.zeros(WIDTH), np.zeros(WIDTH)
    dh, dc = np.zeros((WIDTH, WIDTH)), np.eye(WIDTH)  # by c_0
    norms = []
    for x in inputs[:steps]:
        i, f, g, o = np.split(weights @ h + x + bias, 4)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        di = (i * (1 - i))[:, None] * (w_input @ dh)
        df = (f * (1 - f))[:, None] * (w_forget @ dh)
        dg = (1 - g**2)[:, None] * (w_cell @ dh)
        do = (o * (1 - o))[:, None] * (w_output @ dh)
        dc = f[:, None] * dc + c[:, None] * df + g[:, None] * di + i[:, None] * dg
        c = f * c + i * g
        squashed = np.tanh(c)
        dh = squashed[:, None] * do + (o * (1 - squashed**2))[:, None] * dc
        h = o * squashed
        norms.append(np.linalg.norm(dc, 2))
    return np.array(norms)


def draw_vanishing(steps: float, gain: float, forget_bias: float) -> Drawing:
    """Gradient norms on a logarithmic scale against the number of steps."""
    n = int(steps)
    rnn, lstm = rnn_norms(gain, n), lstm_norms(forget_bias, n)
    times = np.arange(1, n + 1)
    plot = empty_plot(x_title=say("steps back in time"), y_title=say("norm of the gradient"))
    plot.add_scatter(x=times, y=np.maximum(rnn, 1e-16), name="RNN: ∂h/∂h₀", line_color=ORANGE)
    plot.add_scatter(x=times, y=np.maximum(lstm, 1e-16), name="LSTM: ∂c/∂c₀", line_color=BLUE)
    plot.update_yaxes(type="log", exponentformat="power", dtick=2)
    return Drawing(
        plot,
        say(
            "After {n} steps the RNN passes on {rnn:.1e} of a gradient and the LSTM {lstm:.1e}. "
            "With this bias an idle forget gate is σ({bias:.1f}) = {gate:.3f}, and {gate:.3f} to "
            "the power of {n} is {power:.1e}.",
            n=n,
            rnn=rnn[-1],
            lstm=lstm[-1],
            bias=forget_bias,
            gate=float(_sigmoid(np.array(forget_bias))),
            power=float(_sigmoid(np.array(forget_bias))) ** n,
        ),
    )


FIGURES = (
    Figure(
        "vanishing",
        "Gradients through time: RNN and LSTM",
        (
            Slider("steps", "Steps", 5, LONGEST, 50, 5),
            Slider("gain", "RNN: size of the recurrent weights", 0.5, 1.5, 1.0, 0.05),
            Slider("forget_bias", "LSTM: bias of the forget gate", -2.0, 6.0, 1.0, 0.5),
        ),
        draw_vanishing,
        "Width 16, random weights, random inputs. The RNN's recurrent matrix is orthogonal times "
        "the gain, so at gain 1 only tanh shrinks the gradient.",
    ),
)
