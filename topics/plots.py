"""The look that all figures share: no paper of their own, colours readable on light and dark."""

from __future__ import annotations

import plotly.graph_objects as go

BLUE = "#4c8dd6"
ORANGE = "#e07b39"
GREEN = "#3fa66b"
PURPLE = "#a06cd5"
RED = "#d9534f"
GREY = "#8a8f98"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, GREY)
FADED = "rgba(138,143,152,0.35)"
GRID = "rgba(138,143,152,0.25)"
CLEAR = "rgba(0,0,0,0)"
# From nothing to full colour: zero is the page itself, whatever the page's colour is.
FADE_IN = ((0.0, "rgba(76,141,214,0.0)"), (1.0, "rgba(76,141,214,1.0)"))


def empty_plot(
    title: str = "", x_title: str = "", y_title: str = "", height: int = 380
) -> go.Figure:
    """A plot with the house layout and nothing in it. Titles are plain text: `$` stays literal."""
    grid = {"gridcolor": GRID, "zerolinecolor": GRID}
    # One dictionary in the constructor: the same through update_layout takes 20 ms longer.
    return go.Figure(
        layout={
            "template": "none",
            "title": {"text": title, "font": {"size": 15}},
            "height": height,
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "margin": {"l": 60, "r": 20, "t": 50 if title else 20, "b": 50},
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0},
            "xaxis": {"title": {"text": x_title}, **grid},
            "yaxis": {"title": {"text": y_title}, **grid},
        }
    )
