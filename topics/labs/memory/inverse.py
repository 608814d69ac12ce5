"""Inverse questions: the largest batch, the longest context, the fewest cards, the cheapest plan.

All are answered by asking for the memory again: it grows with batch, length and size, so the
largest that fits is found by doubling and then halving the gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from topics.labs.memory.cards import all_cards
from topics.labs.memory.estimate import Estimate, Fit, estimate, fit
from topics.labs.memory.memory import needed, stage_memories, without_card, workspaces
from topics.labs.memory.setting import Setting, resolved
from topics.labs.memory.units import format_bytes, refuse
from topics.phrases import say

MOST = 2**24  # where a search gives up growing
MOST_GPUS = 16384
NODE = 8  # tensor parallelism stays inside a node


@dataclass(frozen=True)
class Plan:
    """A layout that fits, with what it costs. `money` is for all tokens, where they were given."""

    setting: Setting
    card: str
    gpus: int
    total: float
    memory: float
    per_hour: float
    seconds: float
    money: float

    @property
    def layout(self) -> str:
        s = self.setting
        parts = [f"dp {s.dp}", f"tp {s.tp}", f"pp {s.pp}"] + ([f"ep {s.ep}"] if s.ep > 1 else [])
        return ", ".join(parts) + (f", ZeRO {s.zero}" if s.zero else "")


def fit_of(answer: Estimate) -> Fit:
    return _named(answer.fit)


def _named(found: Fit | None) -> Fit:
    if found is None:
        raise refuse("say what has to fit: name a card with --gpu, or give --memory 24GB")
    return found


def fits(setting: Setting) -> bool:
    """Does the setting fit its card?"""
    s = resolved(setting)
    return _named(fit(s, needed(s))).fits


def largest(make: Callable[[int], Setting], limit: int = MOST) -> int:
    """The largest whole number up to `limit` whose setting fits; 0 where not even 1 does."""
    if not fits(make(1)):
        return 0
    low, high = 1, 2
    while high <= limit and fits(make(high)):
        low, high = high, 2 * high
    high = min(high, limit + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(make(middle)) else (low, middle)
    return low


def largest_batch(setting: Setting) -> int:
    """Sequences per micro-batch (in inference concurrent requests) that still fit."""
    return largest(lambda n: replace(setting, batch=n))


def longest_seq(setting: Setting) -> int:
    """Tokens per sequence that still fit; at most the rows of a learned position table."""
    model = setting.model
    limit = model.positions if model and model.positions else MOST
    if model and model.family == "opt":
        limit -= 2
    return largest(lambda n: replace(setting, seq=n), limit)


def largest_params(setting: Setting) -> float:
    """Parameters of a model of unknown shape that fit; memory is proportional to them."""
    probe = replace(setting, model=None, params=1e9)
    answer = estimate(probe)
    fit = fit_of(answer)
    return 1e9 * max(fit.memory - fit.outside, 0.0) / answer.total


def layouts(setting: Setting, gpus: int) -> Iterator[Setting]:
    """Ways to spread a setting over so many cards, simplest first.

    Training prefers plain data parallelism with the lowest ZeRO stage that fits, then tensor
    parallelism inside a node, then a pipeline. Inference splits each model over all the cards.
    """
    model = setting.model
    train = setting.mode == "train"
    tps = [t for t in (1, 2, 4, 8) if t <= min(gpus, NODE)]
    for tp in tps:
        if model and (model.heads % tp or gpus % tp):
            continue
        for pp in (p for p in (1, 2, 4, 8, 16, 32, 64) if gpus % (tp * p) == 0):
            if model and pp > model.layers:
                continue
            dp = gpus // (tp * pp)
            if not train and dp > 1:
                continue
            for zero in (0, 1, 2, 3) if train and dp > 1 else (0,):
                sp = setting.sp and tp > 1
                yield replace(
                    setting, dp=dp, tp=tp, pp=pp, zero=zero, sp=sp, ep=_experts(setting, dp), cp=1
                )


def _experts(setting: Setting, dp: int) -> int:
    """As many expert-parallel ranks as asked for, where they divide the data-parallel ones."""
    return setting.ep if dp % setting.ep == 0 else 1


def fewest_gpus(setting: Setting) -> Plan | None:
    """The smallest number of cards (a power of two) that holds the setting; None if none does."""
    s = resolved(setting)
    bare = replace(s, card="", price=-1.0)
    gpus = 1
    while gpus <= MOST_GPUS:
        taken = _named(fit(replace(s, dp=gpus, tp=1, pp=1, cp=1), workspaces(s)))
        if _least(bare) / gpus <= taken.headroom:
            for candidate in _resolved_layouts(bare, gpus):
                if without_card(candidate) <= taken.headroom:
                    return plan(estimate(replace(candidate, card=s.card, price=s.price)))
        gpus *= 2
    return None


@lru_cache(maxsize=1024)
def _resolved_layouts(setting: Setting, gpus: int) -> tuple[Setting, ...]:
    """The same for every card, and so are their totals: a search over all cards asks once."""
    return tuple(resolved(candidate) for candidate in layouts(setting, gpus))


@lru_cache(maxsize=64)
def _least_states(s: Setting) -> float:
    states = stage_memories(s)[0].states
    return states.weights + states.optimizer + states.gradients


def _least(s: Setting) -> float:
    """Bytes of the states that all cards together hold however they are spread."""
    offloads = s.offload_params or s.offload_optimizer
    return (
        0.0
        if offloads
        else _least_states(replace(s, dp=1, tp=1, pp=1, cp=1, ep=1, zero=0, sp=False, memory=0.0))
    )


def plan(answer: Estimate) -> Plan:
    s, cost, fit = answer.setting, answer.cost, fit_of(answer)
    per_hour = cost.price_per_hour * s.gpus if cost else 0.0
    seconds = cost.seconds if cost and s.tokens else 0.0
    money = cost.money if cost and s.tokens else 0.0
    return Plan(s, fit.card, s.gpus, fit.needed, fit.memory, per_hour, seconds, money)


def cheapest_plans(setting: Setting, most: int = 8) -> list[Plan]:
    """The fewest cards of every kind that hold the setting, cheapest first.

    With `tokens` the whole job is priced, else an hour. Cards are priced as in cards.toml; those
    without a fast link of their own are not asked to work together beyond one node.
    """
    found = []
    for name, kind in all_cards().items():
        best = fewest_gpus(replace(setting, card=name, memory=0.0, price=-1.0, device="cuda"))
        if best and (kind.link or best.gpus <= NODE):
            found.append(best)
    return sorted(found, key=lambda p: (p.money or p.per_hour, p.gpus))[:most]


@dataclass(frozen=True)
class Solution:
    """The answer to an inverse question: a sentence, a number, and its estimate."""

    question: str
    text: str
    answer: float | None
    estimate: Estimate | None = None
    plans: tuple[Plan, ...] = ()


QUESTIONS = ("batch", "seq", "gpus", "params", "plan")


def solve(question: str, setting: Setting) -> Solution:
    """Answer "batch", "seq", "gpus", "params" or "plan". Raises SettingError for another."""
    if question not in QUESTIONS:
        raise refuse(
            "cannot solve for {question!r}; choose one of {names}",
            question=question,
            names=", ".join(QUESTIONS),
        )
    if question == "params":
        count = largest_params(setting)
        text = say("The largest model has {count:,.4g}B parameters.", count=count / 1e9)
        return Solution(question, text, count)
    s = resolved(setting)
    if question == "plan":
        return _solve_plan(s)
    if question == "gpus":
        return _solve_gpus(s)
    number = largest_batch(s) if question == "batch" else longest_seq(s)
    if not number:
        return Solution(question, _nothing_fits(s, question), 0)
    best = replace(s, batch=number) if question == "batch" else replace(s, seq=number)
    if question == "batch":
        text = say("The largest batch that fits is {number:,} sequences.", number=number)
    else:
        text = say("The longest sequence that fits is {number:,} tokens.", number=number)
    return Solution(question, text, number, estimate(best))


def _solve_gpus(s: Setting) -> Solution:
    best = fewest_gpus(s)
    if best is None:
        return Solution("gpus", _too_large(), None)
    size = format_bytes(best.total)
    text = f"{best.gpus} × {best.card}: {best.layout}; " + say("{size} on each.", size=size)
    return Solution("gpus", text, best.gpus, estimate(best.setting), (best,))


def _too_large() -> str:
    return say(
        "Not even {most:,} cards hold this: each rank computes the whole micro-batch. Try a "
        "smaller --batch, a shorter --seq, --recompute full or --attention flash.",
        most=MOST_GPUS,
    )


def _nothing_fits(s: Setting, question: str) -> str:
    one = replace(s, batch=1) if question == "batch" else replace(s, seq=1)
    fit = fit_of(estimate(one))
    return say(
        "Nothing fits: even 1 needs {needed} of {memory}. Try --method lora or qlora, "
        "--recompute full, a higher --zero with more --dp, or --tp.",
        needed=format_bytes(fit.needed),
        memory=format_bytes(fit.memory),
    )


def _solve_plan(s: Setting) -> Solution:
    plans = cheapest_plans(s)
    if not plans:
        return Solution("plan", _too_large(), None)
    best = plans[0]
    price = say("{money:,.2f} an hour", money=best.per_hour)
    if best.money:
        price = say("{money:,.0f} for all tokens", money=best.money)
    found = f"{best.gpus} × {best.card} ({best.layout})"
    text = say("Cheapest: {found}, {price}.", found=found, price=price)
    amount = best.money or best.per_hour
    return Solution("plan", text, amount, estimate(best.setting), tuple(plans))
