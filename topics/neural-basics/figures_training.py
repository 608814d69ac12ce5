"""Gradient descent in a narrow valley, and a model that is too weak or too strong for its data."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

from topics.figure import Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import AXIS, BLUE, FADED, GREEN, GREY, ORANGE, empty_plot

Array = NDArray[np.float64]

START = (-4.0, 1.5)
LIMIT = 5.0


def valley(points: Array, steepness: float) -> Array:
    """½ (x² + steepness · y²) of points (..., 2), shape (...)."""
    return np.asarray(0.5 * (points[..., 0] ** 2 + steepness * points[..., 1] ** 2))


def descend(rate: float, momentum: float, steepness: float, steps: int) -> Array:
    """The path of gradient descent with heavy-ball momentum, (steps + 1, 2)."""
    place, velocity = np.array(START), np.zeros(2)
    path = [place]
    for _ in range(steps):
        velocity = momentum * velocity - rate * place * np.array([1.0, steepness])
        place = place + velocity
        path.append(place)
    return np.array(path)


def draw_descent(rate: float, momentum: float, steepness: float, steps: float) -> Drawing:
    """The path on the contours of the valley."""
    path = descend(rate, momentum, steepness, int(steps))
    shown = np.clip(path, -LIMIT, LIMIT)
    x, y = np.linspace(-LIMIT, LIMIT, 41), np.linspace(-2.5, 2.5, 41)
    heights = valley(np.stack(np.meshgrid(x, y), axis=-1), steepness)
    plot = empty_plot(x_title="x", y_title="y", height=400)
    plot.add_contour(
        x=x,
        y=y,
        z=np.log1p(heights),
        contours_coloring="lines",
        line_width=1,
        colorscale=[[0, FADED], [1, FADED]],
        showscale=False,
        hoverinfo="skip",
    )
    plot.add_scatter(x=shown[:, 0], y=shown[:, 1], mode="lines+markers", line_color=BLUE)
    plot.update_layout(showlegend=False, xaxis_range=[-LIMIT, LIMIT], yaxis_range=[-2.5, 2.5])
    losses = valley(path, steepness)
    end = losses[-1]
    text = say(
        "The loss goes from {start:.2f} to {end:.3g} in {n} steps. Without momentum this valley "
        "allows a learning rate below 2/{steepness:.0f} = {limit:.3f}.",
        start=losses[0],
        end=end,
        n=int(steps),
        steepness=steepness,
        limit=2 / steepness,
    )
    verdict = say("It diverges.") if end > losses[0] else say("It converges.")
    return Drawing(plot, f"{text} {verdict}")


DEGREES = np.arange(0, 15)
FINE = np.linspace(-1, 1, 121)


def truth(x: Array) -> Array:
    """The curve behind the data."""
    return np.sin(3.0 * x)


def samples(n_points: int, noise: float, seed: int) -> tuple[Array, Array]:
    """Inputs in [−1, 1] and noisy values of the curve, (n,) each."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1, 1, 200))[:: 200 // n_points][:n_points]
    return x, truth(x) + noise * rng.standard_normal(len(x))


def draw_fitting(degree: float, n_points: float, noise: float) -> Drawing:
    """A polynomial fitted to few noisy points, and both errors against its degree."""
    x, y = samples(int(n_points), noise, seed=3)
    x_new, y_new = samples(200, noise, seed=4)
    fits = [Chebyshev.fit(x, y, int(d), domain=[-1, 1]) for d in DEGREES]
    training = np.array([np.mean((fit(x) - y) ** 2) for fit in fits])
    validation = np.array([np.mean((fit(x_new) - y_new) ** 2) for fit in fits])
    chosen = int(degree)
    plot = empty_plot(x_title="x", height=400)
    plot.add_scatter(x=x, y=y, mode="markers", name=say("training data"), marker_color=ORANGE)
    plot.add_scatter(x=FINE, y=truth(FINE), name=say("the true curve"), line_color=FADED)
    fitted = np.clip(fits[chosen](FINE), -3, 3)
    plot.add_scatter(x=FINE, y=fitted, name=say("the fit"), line_color=BLUE)
    second = {"xaxis": "x2", "yaxis": "y2"}
    for errors, name, colour in (
        (training, say("training error"), ORANGE),
        (validation, say("validation error"), GREEN),
    ):
        plot.add_scatter(x=DEGREES, y=errors, name=name, line_color=colour, **second)
    line = {"x": [chosen, chosen], "y": [1e-4, 100], "showlegend": False}
    plot.add_scatter(**line, mode="lines", line={"color": GREY, "dash": "dash"}, **second)
    plot.update_layout(
        xaxis={"domain": [0, 0.42]},
        yaxis={"range": [-2.2, 2.2]},
        xaxis2=AXIS | {"domain": [0.6, 1], "anchor": "y2", "title": say("degree")},
        yaxis2=AXIS
        | {
            "anchor": "x2",
            "type": "log",
            "dtick": 1,
            "range": [-3.2, 1],
            "title": say("mean squared error"),
        },
    )
    return Drawing(
        plot,
        say(
            "Degree {d}: training error {train:.4f}, validation error {valid:.4f}. Validation is "
            "best at degree {best} with {best_error:.4f}; the noise alone costs {noise:.4f}.",
            d=chosen,
            train=training[chosen],
            valid=validation[chosen],
            best=int(DEGREES[validation.argmin()]),
            best_error=validation.min(),
            noise=noise**2,
        ),
    )


FIGURES = (
    Figure(
        "gradient-descent",
        "Gradient descent in a narrow valley",
        (
            Slider("rate", "Learning rate", 0.01, 0.25, 0.09, 0.01),
            Slider("momentum", "Momentum", 0.0, 0.95, 0.0, 0.05),
            Slider("steepness", "Steepness across the valley", 1, 40, 20, 1),
            Slider("steps", "Steps", 1, 60, 30, 1),
        ),
        draw_descent,
        "The loss is ½(x² + steepness·y²), starting at (−4, 1.5). The minimum is in the middle.",
    ),
    Figure(
        "fitting",
        "Underfitting and overfitting",
        (
            Slider("degree", "Degree of the polynomial", 0, 14, 3, 1),
            Slider("n_points", "Training points", 15, 100, 20, 5),
            Slider("noise", "Noise (standard deviation)", 0.0, 0.6, 0.3, 0.05),
        ),
        draw_fitting,
        "Least-squares polynomials on noisy samples of sin(3x); 200 other samples validate. "
        "Errors are on a logarithmic scale.",
    ),
)
