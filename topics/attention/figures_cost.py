"""Where attention's cost lies: operations against the feed-forward block, and the KV cache."""

from __future__ import annotations

import numpy as np

from topics.attention.costs import CacheShape, LayerFlops, keys_seen
from topics.figure import Choice, Drawing, Figure, Slider, Toggle
from topics.phrases import say
from topics.plots import BLUE, FADED, GREEN, GREY, ORANGE, PURPLE, empty_plot, thousands

GIB = 2**30
CONTEXTS = [2**power for power in range(10, 21)]  # 1,024 to 1,048,576 tokens
COLOURS = {"MHA": ORANGE, "GQA": BLUE, "MQA": GREEN, "MLA": PURPLE}
WINDOWS = {"none": None, "1024": 1024, "4096": 4096}


def draw_flops(d_model: float, causal: bool, window: str, context: float) -> Drawing:
    """FLOP per token and layer against the length of the prompt."""
    layer = LayerFlops(int(d_model))
    lengths = 2.0 ** np.arange(8, 18.01, 0.25)
    scores = [layer.scores(keys_seen(t, causal, WINDOWS[window])) for t in lengths]
    plot = empty_plot(
        x_title=say("prompt length in tokens (log scale)"), y_title=say("MFLOP per token and layer")
    )
    plot.add_scatter(
        x=lengths, y=np.array(scores) / 1e6, name=say("scores and values"), line_color=ORANGE
    )
    for flops, name, colour in (
        (layer.feed_forward, say("feed-forward"), BLUE),
        (layer.projections, say("q, k, v, o projections"), FADED),
    ):
        y = np.full(len(lengths), flops / 1e6)
        plot.add_scatter(x=lengths, y=y, name=name, line_color=colour)
    here = 2 ** int(context)
    plot.add_vline(x=here, line={"color": GREY, "dash": "dash"})
    ticks = [2**power for power in range(8, 19, 2)]
    plot.update_xaxes(type="log", tickvals=ticks, ticktext=thousands(ticks))
    plot.update_yaxes(type="log", dtick=1)
    share = layer.scores(keys_seen(here, causal, WINDOWS[window]))
    total = share + layer.feed_forward + layer.projections
    crossing = next(
        (t for t, s in zip(lengths, scores, strict=True) if s >= layer.feed_forward), None
    )
    shares = say(
        "At {t:,} tokens, scores and values take {share:.1%} of the layer's {total:,.0f} MFLOP "
        "per token.",
        t=here,
        share=share / total,
        total=total / 1e6,
    )
    meeting = (
        say("They reach the feed-forward block's cost near {t:,.0f} tokens.", t=crossing)
        if crossing
        else say("They stay below the feed-forward block's cost at every length shown.")
    )
    return Drawing(plot, f"{shares} {meeting}")


def draw_cache(
    n_layers: float, n_heads: float, n_kv_heads: str, head_dim: str, value: str, context: float
) -> Drawing:
    """GiB of KV cache of one sequence against its length, for the four variants."""
    shape = CacheShape(
        int(n_layers), int(n_heads), int(n_kv_heads), int(head_dim), 1 if value == "FP8" else 2
    )
    here = 2 ** int(context)
    plot = empty_plot(
        x_title=say("tokens in the cache (log scale)"), y_title=say("GiB per sequence")
    )
    per_token = shape.per_token()
    for name, size in per_token.items():
        plot.add_scatter(
            x=CONTEXTS, y=[size * t / GIB for t in CONTEXTS], name=name, line_color=COLOURS[name]
        )
    plot.add_vline(x=here, line={"color": GREY, "dash": "dash"})
    plot.update_xaxes(type="log", tickvals=CONTEXTS[::2], ticktext=thousands(CONTEXTS[::2]))
    plot.update_yaxes(type="log", dtick=1)
    lines = [
        f"**{name}** {size:,} B → {size * here / GIB:,.2f} GiB" for name, size in per_token.items()
    ]
    return Drawing(
        plot,
        say("Per token, and for {t:,} tokens: {lines}.", t=here, lines="; ".join(lines)),
    )


FIGURES = (
    Figure(
        "flops",
        "When attention overtakes the feed-forward block",
        (
            Slider("d_model", "Model width d_model", 512, 16384, 4096, 512),
            Toggle("causal", "The kernel skips masked keys", False),
            Choice("window", "Sliding window (with skipping)", tuple(WINDOWS), "none"),
            Slider("context", "Prompt length: 2 to the power of", 8, 17, 13, 1),
        ),
        draw_flops,
        "One multiplication and one addition count as two. The feed-forward block has 8·d_model² "
        "weights, as with 4× ReLU or 8/3× SwiGLU.",
    ),
    Figure(
        "kv-cache",
        "KV cache of MHA, GQA, MQA and MLA",
        (
            Slider("n_layers", "Layers", 8, 128, 32, 4),
            Slider("n_heads", "Query heads", 8, 128, 32, 8),
            Choice("n_kv_heads", "KV heads of GQA", ("2", "4", "8"), "8"),
            Choice("head_dim", "Head width", ("64", "128", "256"), "128"),
            Choice("value", "Values stored in", ("BF16", "FP8"), "BF16"),
            Slider("context", "Tokens: 2 to the power of", 10, 20, 13, 1),
        ),
        draw_cache,
        "MLA is drawn with DeepSeek-V2's sizes: a latent of 512 and a rotary key of 64 per layer.",
    ),
)
