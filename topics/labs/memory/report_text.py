"""An estimate as text for a terminal: one line per amount with its formula."""

from __future__ import annotations

from topics.labs.memory.estimate import Estimate
from topics.labs.memory.inverse import Plan
from topics.labs.memory.lines import WHEN
from topics.labs.memory.units import format_bytes, format_count, format_gib


def as_text(answer: Estimate) -> str:
    """Parameters, the table of memory, fit, FLOPs, time and money."""
    return "\n".join(
        [
            *_head(answer),
            "",
            *_table(answer),
            "",
            *_fit(answer),
            *_cache(answer),
            *_flops(answer),
            *_cost(answer),
        ]
    )


def _head(answer: Estimate) -> list[str]:
    s, p = answer.setting, answer.parameters
    name = s.model.name if s.model else "a model of unknown shape"
    active = f", {format_count(p.active)} active per token" if p.active != p.total else ""
    kind = s.method if s.mode == "train" else "inference"
    shown = f"{s.activations} activations, {s.attention} attention" if s.mode == "train" else ""
    lines = [f"{name}: {p.total:,} parameters{active}"]
    if s.mode == "train":
        share = f" ({p.trainable / p.total:.2%})" if p.trainable != p.total else ""
        lines.append(f"{kind}: {p.trainable:,} trained{share}; {shown}")
    else:
        lines.append(f"{kind}: {s.batch} requests of {s.seq:,} tokens")
    layout = f"dp {s.dp}, tp {s.tp}, pp {s.pp}, ZeRO {s.zero}"
    lines.append(
        f"{s.gpus} GPU{'s' if s.gpus > 1 else ''} ({layout}), micro-batch {s.batch} × {s.seq}"
    )
    return lines


def _table(answer: Estimate) -> list[str]:
    rows = [f"{'Per GPU':<28}{'size':>12}{'at peak':>12}   formula"]
    for line in answer.lines:
        if not line.bytes and not line.at_peak:
            continue
        size, peak = format_bytes(line.bytes), format_bytes(line.at_peak)
        rows.append(f"{line.label:<28}{size:>12}{peak:>12}   {line.formula}")
        rows.append(f"{'':<52}   = {line.numbers}")
        rows.append(f"{'':<52}   [{line.source}]")
    when = WHEN[answer.worst.peak.name]
    stage = f", stage {answer.worst.index}" if len(answer.stages) > 1 else ""
    total = f"{'Total':<28}{'':>12}{format_bytes(answer.total):>12}   "
    rows.append(f"{total}= {format_gib(answer.total)}, {when}{stage}")
    if answer.setting.gpus > 1:
        rows.append(f"{'All GPUs':<40}{format_bytes(answer.cluster_bytes):>12}")
    return rows


def _fit(answer: Estimate) -> list[str]:
    fit = answer.fit
    if fit is None:
        return []
    outside = f" with {format_bytes(fit.outside)} outside the allocator" if fit.outside else ""
    verdict = "fits" if fit.fits else "does not fit"
    room = "left" if fit.fits else "missing"
    return [
        f"{fit.card}: {format_bytes(fit.needed)} of {format_bytes(fit.memory)}{outside}: "
        f"{verdict}, {format_bytes(abs(fit.headroom))} {room}"
    ]


def _cache(answer: Estimate) -> list[str]:
    cache = answer.kv_cache
    if cache is None or not cache.bytes_per_token:
        return []
    return [f"KV cache: {cache.bytes_per_token:,.0f} bytes per token ({cache.formula})"]


def _flops(answer: Estimate) -> list[str]:
    f, s = answer.flops, answer.setting
    rule = "6ND" if s.mode == "train" else "2ND"
    lines = [f"FLOPs: {f.per_token:.3e} per token, {f.per_step:.3e} per step"]
    if s.tokens:
        tokens = format_count(s.tokens)
        lines.append(f"       {f.total:.3e} for {tokens} tokens ({rule}: {f.six_nd:.3e})")
    return lines


def _cost(answer: Estimate) -> list[str]:
    c, s = answer.cost, answer.setting
    if c is None:
        return []
    assumed = " (assumed; set --mfu)" if c.assumed else ""
    if s.mode == "inference":
        return [
            f"Time:  prefill {c.prefill_seconds:.3g} s at MFU {c.mfu:.0%}{assumed}; decoding at "
            f"most {c.tokens_per_second:,.0f} tokens/s, {c.decode_seconds * 1e3:.3g} ms a token"
        ]
    speed = f"MFU {c.mfu:.1%}{assumed} of {c.peak_flops / 1e12:,.0f} TFLOP/s"
    if not c.peak_flops:
        speed = f"{c.achieved_flops / 1e12:,.0f} TFLOP/s a card"
    lines = [
        f"Time:  {c.step_seconds:.4g} s per step, {c.tokens_per_second:,.0f} tokens/s at {speed}"
    ]
    if s.tokens:
        lines.append(
            f"       {c.seconds / 86400:,.3g} days, {c.gpu_hours:,.0f} GPU-hours, "
            f"{c.money:,.0f} at {c.price_per_hour:g} an hour"
        )
    return lines


def plans_text(plans: list[Plan]) -> str:
    """Plans as a table, cheapest first."""
    rows = [f"{'card':<18}{'GPUs':>6}  {'layout':<28}{'each':>12}{'per hour':>11}{'all':>14}"]
    for plan in plans:
        money = f"{plan.money:,.0f}" if plan.money else ""
        rows.append(
            f"{plan.card:<18}{plan.gpus:>6}  {plan.layout:<28}{format_bytes(plan.total):>12}"
            f"{plan.per_hour:>11,.2f}{money:>14}"
        )
    return "\n".join(rows)
