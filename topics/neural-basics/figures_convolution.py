"""Output size and receptive field of a stack of equal convolutions."""

from __future__ import annotations

from topics.figure import Drawing, Figure, Slider
from topics.phrases import say
from topics.plots import BLUE, ORANGE, empty_plot


def conv_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1; below 1 there is no output."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def stack(
    size: int, kernel: int, stride: int, padding: int, dilation: int, n_layers: int
) -> tuple[list[int], list[int]]:
    """Sizes and receptive fields after 0, 1, … layers; stops when nothing is left."""
    sizes, fields, jump = [size], [1], 1
    for _ in range(n_layers):
        smaller = conv_size(sizes[-1], kernel, stride, padding, dilation)
        if smaller < 1:
            break
        sizes.append(smaller)
        fields.append(fields[-1] + dilation * (kernel - 1) * jump)
        jump *= stride
    return sizes, fields


def draw_stack(
    size: float, kernel: float, stride: float, padding: float, dilation: float, n_layers: float
) -> Drawing:
    """Both numbers layer by layer."""
    k = int(kernel)
    sizes, fields = stack(int(size), k, int(stride), int(padding), int(dilation), int(n_layers))
    layers = list(range(len(sizes)))
    plot = empty_plot(x_title=say("layer"), y_title=say("pixels across"))
    labels = {"mode": "lines+markers+text", "textposition": "top center"}
    for values, name, colour in (
        (sizes, say("size of the map"), BLUE),
        (fields, say("receptive field"), ORANGE),
    ):
        plot.add_scatter(x=layers, y=values, text=values, name=name, line_color=colour, **labels)
    plot.update_layout(xaxis={"dtick": 1}, yaxis={"rangemode": "tozero"})
    text = say(
        "{size} → {sizes}. One output of the last layer sees {field} inputs across. Each layer has "
        "{weights:,} weights with 64 channels in and out, and 64 biases.",
        size=sizes[0],
        sizes=" → ".join(str(one) for one in sizes[1:]) or "∅",
        field=fields[-1],
        weights=64 * 64 * k * k,
    )
    short = len(sizes) <= int(n_layers)
    note = say("Layer {n} would have nothing left to read.", n=len(sizes)) if short else ""
    return Drawing(plot, f"{text} {note}".strip())


FIGURES = (
    Figure(
        "conv-size",
        "Output size and receptive field",
        (
            Slider("size", "Input size", 8, 256, 32, 1),
            Slider("kernel", "Kernel size", 1, 11, 3, 1),
            Slider("stride", "Stride", 1, 4, 1, 1),
            Slider("padding", "Padding", 0, 5, 1, 1),
            Slider("dilation", "Dilation", 1, 4, 1, 1),
            Slider("n_layers", "Layers", 1, 6, 3, 1),
        ),
        draw_stack,
    ),
)
