"""Live figures of the memory lesson on the KV cache, and on the time and price of training."""

from __future__ import annotations

from topics.figure import Choice, Drawing, Figure, Slider
from topics.memory.cost import PEAK, SECONDS_PER_DAY, Run, gpu_hours, seconds, training_flop
from topics.memory.estimate import GIB, kv_bytes_per_token
from topics.phrases import say
from topics.plots import BLUE, GREY, ORANGE, SERIES, empty_plot

N_HEADS, HEAD_DIM = 32, 128
MLA_LATENT = 512 + 64  # DeepSeek-V2 and V3: compressed keys and values, and the RoPE slice
BYTES = {"bf16 (2)": 2.0, "fp8 (1)": 1.0, "int4 (0.5)": 0.5}
CONTEXTS = tuple(2**power for power in range(10, 18))


def draw_kv_cache(
    n_layers: float, kv_heads: str, batch: float, value_type: str, room: float
) -> Drawing:
    """Cache against context for four kinds of attention with the same query heads."""
    per_value = BYTES[value_type]
    widths = {
        say("MHA, {n} KV heads", n=N_HEADS): 2 * N_HEADS * HEAD_DIM,
        say("GQA, {n} KV heads", n=kv_heads): 2 * int(kv_heads) * HEAD_DIM,
        say("MLA, latent {n}", n=MLA_LATENT): MLA_LATENT,
        say("MQA, 1 KV head"): 2 * HEAD_DIM,
    }
    plot = empty_plot(x_title=say("tokens in each sequence"), y_title="GiB", height=420)
    parts = []
    for (name, width), color in zip(widths.items(), SERIES, strict=False):
        token = kv_bytes_per_token(int(n_layers), width, per_value)
        plot.add_scatter(
            x=CONTEXTS,
            y=[batch * tokens * token / GIB for tokens in CONTEXTS],
            name=name,
            line={"color": color},
        )
        fit = int(room * GIB // (token * int(batch)))
        parts.append(
            say(
                "{name}: {kib:,.0f} KiB a token, {fit:,} tokens",
                name=name,
                kib=token / 1024,
                fit=fit,
            )
        )
    plot.add_hline(y=room, line={"color": GREY, "dash": "dash"})
    plot.update_xaxes(type="log", tickvals=CONTEXTS, ticktext=[f"{n // 1024}K" for n in CONTEXTS])
    plot.update_yaxes(type="log", dtick=1)
    text = say(
        "The longest that {batch} may be in {room:g} GiB: {parts}.",
        batch=say("one sequence") if batch == 1 else say("{n} sequences", n=int(batch)),
        room=room,
        parts="; ".join(parts),
    )
    return Drawing(plot, text)


def draw_time(
    billions: float, tokens: float, gpus: str, card: str, mfu: float, price: float
) -> Drawing:
    """Days against GPUs at one utilisation, with the chosen number marked."""
    run = Run(billions * 1e9, tokens * 1e12, int(gpus), PEAK[card], mfu / 100)
    counts = [int(gpus) * 2**power for power in range(-3, 4) if int(gpus) * 2**power >= 1]
    days = [
        seconds(Run(run.n_params, run.n_tokens, count, run.peak, run.utilization)) / SECONDS_PER_DAY
        for count in counts
    ]
    plot = empty_plot(x_title="GPUs", y_title=say("days"), height=340)
    plot.add_scatter(x=counts, y=days, mode="lines+markers", line={"color": BLUE}, showlegend=False)
    here = seconds(run) / SECONDS_PER_DAY
    marker = {"color": ORANGE, "size": 14}
    plot.add_scatter(x=[run.n_gpus], y=[here], mode="markers", marker=marker, showlegend=False)
    plot.update_xaxes(type="log", tickvals=counts)
    plot.update_yaxes(type="log", dtick=1)
    text = say(
        "6ND = {flop:.2e} FLOP. At {achieved:.0f} TFLOP/s a card: {hours:,.0f} GPU-hours, "
        "{days:,.1f} days on {gpus} cards, {cost:,.0f} dollars.",
        flop=training_flop(run.n_params, run.n_tokens),
        achieved=run.peak * run.utilization / 1e12,
        hours=gpu_hours(run),
        days=here,
        gpus=gpus,
        cost=gpu_hours(run) * price,
    )
    return Drawing(plot, text)


FIGURES = (
    Figure(
        "kv-cache",
        "KV cache against context",
        (
            Slider("n_layers", "Layers", 16, 128, 32, 1),
            Choice("kv_heads", "KV heads under GQA", ("2", "4", "8", "16"), "8"),
            Slider("batch", "Sequences at once", 1, 64, 1, 1),
            Choice("value_type", "Cached as (bytes a value)", tuple(BYTES), "bf16 (2)"),
            Slider("room", "Room for the cache (GiB)", 1, 128, 60, 1),
        ),
        draw_kv_cache,
        "32 query heads of width 128 throughout. The dashed line is the room you set: the card "
        "less the weights.",
    ),
    Figure(
        "time-and-money",
        "How long, and for how much?",
        (
            Slider("billions", "Parameters (billions)", 1, 100, 7, 1),
            Slider("tokens", "Tokens (trillions)", 0.1, 15, 1, 0.1),
            Choice("gpus", "GPUs", ("8", "64", "256", "1024", "8192"), "64"),
            Choice("card", "Card", tuple(PEAK), "H100"),
            Slider("mfu", "MFU (%)", 5, 60, 40, 1),
            Slider("price", "Dollars per GPU-hour", 0.5, 8, 2, 0.5),
        ),
        draw_time,
        "A straight line is the best case: with more cards utilisation falls, because more time "
        "goes to communication.",
    ),
)
