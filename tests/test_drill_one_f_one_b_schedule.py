"""The 1F1B drill: its rules against all schedules there are, PyTorch's table, and wrong answers."""

from __future__ import annotations

import functools
import itertools
import random
import re
from fractions import Fraction

import pytest
from torch.distributed.pipelining._schedule_visualizer import get_schedule_ops

from drills.catalogue import get_drill
from tests.judged_in_process import complaints, reference
from verifiers.workbench import load_workbench

DRILL = "one_f_one_b_schedule"


def verdict_on(schedule, n_stages, n_micro_batches):
    """What the drill's own rule says of one schedule: a complaint, or None."""
    checks = {check.name: check for check in load_workbench(get_drill(DRILL).spec).checks}
    rule = checks["long runs"].judge
    right = reference(DRILL)(n_stages, n_micro_batches)
    return rule({"returned": _lists(schedule)}, {"returned": right})


def _lists(value):
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


# An independent reading of the statement: longest paths, by recursion


def end_of(schedule, t_forward, t_backward):
    """When the last step ends, in exact fractions; None for a deadlock."""
    place = {
        (stage, *step): i for stage, steps in enumerate(schedule) for i, step in enumerate(steps)
    }
    under_way = set()

    @functools.cache
    def ended(stage, kind, micro_batch):
        key = (stage, kind, micro_batch)
        if key in under_way:
            raise RecursionError
        under_way.add(key)
        earliest = [Fraction(0)]
        if place[key]:
            earliest.append(ended(stage, *schedule[stage][place[key] - 1]))
        if kind == "F" and stage > 0:
            earliest.append(ended(stage - 1, "F", micro_batch))
        if kind == "B":
            after = (stage + 1, "B") if stage + 1 < len(schedule) else (stage, "F")
            earliest.append(ended(*after, micro_batch))
        under_way.remove(key)
        return max(earliest) + (t_forward if kind == "F" else t_backward)

    try:
        return max(ended(*key) for key in place)
    except RecursionError:
        return None


def most_live(steps):
    return max(itertools.accumulate(1 if kind == "F" else -1 for kind, _ in steps))


def is_right(schedule, n_micro_batches, times):
    """The statement's four conditions, at the given times."""
    n_stages = len(schedule)
    for stage, steps in enumerate(schedule):
        if sorted(steps) != sorted(itertools.product("BF", range(n_micro_batches))):
            return False
        if most_live(steps) > min(n_stages - stage, n_micro_batches):
            return False
    return all(
        end_of(schedule, forward, backward)
        == (n_micro_batches + n_stages - 1) * (forward + backward)
        for forward, backward in times
    )


TIMES = [
    tuple(map(Fraction, pair))
    for pair in [(1, 1), (1, 2), ("1/3", 1), (7, "1/5"), (1, "1/997"), ("1/991", 1)]
]


def orders(n_micro_batches):
    """Every order of a stage's steps."""
    return list(itertools.permutations(itertools.product("FB", range(n_micro_batches))))


def sensible_orders(n_micro_batches):
    """Those in which no backward comes before its forward."""
    return [
        order
        for order in orders(n_micro_batches)
        if all(order.index(("F", i)) < order.index(("B", i)) for i in range(n_micro_batches))
    ]


@pytest.mark.parametrize(("n_stages", "n_micro_batches"), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)])
def test_accepts_just_what_the_statement_allows_of_all_schedules_there_are(
    n_stages, n_micro_batches
):
    every = list(itertools.product(orders(n_micro_batches), repeat=n_stages))
    right = [schedule for schedule in every if is_right(schedule, n_micro_batches, TIMES)]
    accepted = [s for s in every if verdict_on(s, n_stages, n_micro_batches) is None]
    assert accepted == right
    assert right


@pytest.mark.parametrize(("n_stages", "n_micro_batches"), [(2, 3), (3, 2), (3, 3)])
def test_accepts_just_what_the_statement_allows_of_many_larger_ones(n_stages, n_micro_batches):
    generator = random.Random(n_stages * 10 + n_micro_batches)
    per_stage = sensible_orders(n_micro_batches)
    small = [
        [order for order in per_stage if most_live(order) <= n_stages - stage]
        for stage in range(n_stages)
    ]
    drawn = [tuple(generator.choice(per_stage) for _ in range(n_stages)) for _ in range(150)]
    drawn += [tuple(map(generator.choice, small)) for _ in range(250)]
    for schedule in drawn:
        said = verdict_on(schedule, n_stages, n_micro_batches)
        assert (said is None) == is_right(schedule, n_micro_batches, TIMES), schedule


def test_the_best_schedule_is_one_but_for_the_names_of_micro_batches():
    """All 90 × 90 pairs of sensible orders: 3! relabellings of the reference are right."""
    right = reference(DRILL)(2, 3)
    renamed = [
        tuple(tuple((kind, names[i]) for kind, i in steps) for steps in right)
        for names in itertools.permutations(range(3))
    ]
    limit_of_last = [
        order
        for order in sensible_orders(3)
        if all(first[1] == second[1] for first, second in zip(order[::2], order[1::2], strict=True))
    ]
    found = [
        schedule
        for schedule in itertools.product(sensible_orders(3), limit_of_last)
        if is_right(schedule, 3, TIMES)
    ]
    assert sorted(found) == sorted(renamed)
    assert all(verdict_on(schedule, 2, 3) is None for schedule in found)


# The reference


@pytest.mark.parametrize("n_stages", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("n_micro_batches", [1, 2, 3, 4, 8, 11])
def test_reference_meets_the_statement(n_stages, n_micro_batches):
    assert is_right(reference(DRILL)(n_stages, n_micro_batches), n_micro_batches, TIMES)


@pytest.mark.parametrize(("n_stages", "n_micro_batches"), [(2, 2), (2, 5), (3, 4), (4, 8), (8, 32)])
def test_reference_is_the_table_of_pytorch(n_stages, n_micro_batches):
    """PyTorch numbers the forwards of the last rank one too high; its order is that of ours."""
    table = get_schedule_ops("1F1B", n_stages, n_micro_batches)
    theirs = []
    for rank, actions in enumerate(table):
        steps = [re.fullmatch(r"\d+([FB])(\d+)", str(action)) for action in actions]
        found = [(step[1], int(step[2])) for step in steps if step]
        late = 1 if rank == n_stages - 1 else 0
        theirs.append([(kind, i - late if kind == "F" else i) for kind, i in found])
    assert theirs == reference(DRILL)(n_stages, n_micro_batches)


# Answers beside those of the folder


def _right(n_stages, n_micro_batches):
    return reference(DRILL)(n_stages, n_micro_batches)


def nothing(n_stages, n_micro_batches):
    return None


def empty_lists(n_stages, n_micro_batches):
    return [[] for _ in range(n_stages)]


def one_stage_too_many(n_stages, n_micro_batches):
    return [*_right(n_stages, n_micro_batches), []]


def a_dict_by_stage(n_stages, n_micro_batches):
    return dict(enumerate(_right(n_stages, n_micro_batches)))


def a_generator(n_stages, n_micro_batches):
    return (steps for steps in _right(n_stages, n_micro_batches))


def text_steps(n_stages, n_micro_batches):
    return [[f"{kind}{i}" for kind, i in steps] for steps in _right(n_stages, n_micro_batches)]


def small_letters(n_stages, n_micro_batches):
    return [[(kind.lower(), i) for kind, i in s] for s in _right(n_stages, n_micro_batches)]


def float_micro_batches(n_stages, n_micro_batches):
    return [[(kind, float(i)) for kind, i in s] for s in _right(n_stages, n_micro_batches)]


def triples_with_the_stage(n_stages, n_micro_batches):
    return [
        [(kind, i, stage) for kind, i in steps]
        for stage, steps in enumerate(_right(n_stages, n_micro_batches))
    ]


def forward_twice(n_stages, n_micro_batches):
    return [[("F", 0), *steps] for steps in _right(n_stages, n_micro_batches)]


def swaps_two_micro_batches_on_one_stage(n_stages, n_micro_batches):
    """Stages disagree about the order: it works, and takes longer."""
    schedule = _right(n_stages, n_micro_batches)
    if n_micro_batches > 1:
        other = {0: 1, 1: 0}
        schedule[0] = [(kind, other.get(i, i)) for kind, i in schedule[0]]
    return schedule


def backwards_delayed_by_one_on_the_first_stage(n_stages, n_micro_batches):
    """One micro-batch too many, on the first stage alone."""
    schedule = _right(n_stages, n_micro_batches)
    steps = schedule[0]
    for i, (now, later) in enumerate(itertools.pairwise(steps)):
        if now[0] == "B" and later[0] == "F":
            steps[i], steps[i + 1] = later, now
    return schedule


def one_forward_short_on_the_first_stage(n_stages, n_micro_batches):
    """Saves memory, and stalls once t_B or t_F is long."""
    schedule = _right(n_stages, n_micro_batches)
    steps = schedule[0]
    first = next(i for i, (kind, _) in enumerate(steps) if kind == "B")
    if first > 1:
        steps[first - 1], steps[first] = steps[first], steps[first - 1]
    return schedule


def zero_bubble_order(n_stages, n_micro_batches):
    """A third kind of step."""
    return [
        [step for kind, i in s for step in ([("F", i)] if kind == "F" else [("B", i), ("W", i)])]
        for s in _right(n_stages, n_micro_batches)
    ]


WRONG = [
    nothing,
    empty_lists,
    one_stage_too_many,
    a_dict_by_stage,
    a_generator,
    text_steps,
    small_letters,
    float_micro_batches,
    triples_with_the_stage,
    forward_twice,
    swaps_two_micro_batches_on_one_stage,
    backwards_delayed_by_one_on_the_first_stage,
    one_forward_short_on_the_first_stage,
    zero_bubble_order,
]


@pytest.mark.parametrize("solution", WRONG)
def test_rejects(solution):
    assert complaints(DRILL, solution)


class _Kind(str):
    """Text of a class of the learner's own, as a string enum's members are."""


def text_of_another_class(n_stages, n_micro_batches):
    return [[(_Kind(kind), i) for kind, i in s] for s in _right(n_stages, n_micro_batches)]


def numpy_integers(n_stages, n_micro_batches):
    import numpy as np

    return [[[kind, np.int64(i)] for kind, i in s] for s in _right(n_stages, n_micro_batches)]


def rotated_micro_batches(n_stages, n_micro_batches):
    return [
        [(kind, (i + 1) % n_micro_batches) for kind, i in steps]
        for steps in _right(n_stages, n_micro_batches)
    ]


@pytest.mark.parametrize("solution", [text_of_another_class, numpy_integers, rotated_micro_batches])
def test_passes(solution):
    assert complaints(DRILL, solution) == {}


# What the learner is told


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ([[("F", 0), ("B", 0)]], "expected 2 lists, one per stage, got 1"),
        ([[("F", 0), None], []], "position 1 is None; list only work"),
        ([[("F", 0), "B0"], []], "stage 0, position 1 is 'B0'"),
        ([[("F", 5)], []], "names micro-batch 5; they count from 0 to 1"),
        ([[("F", 0), ("B", 0), ("F", 1)], []], "stage 0 never runs B of micro-batch 1"),
        (
            [[("F", 0), ("F", 1), ("B", 0), ("B", 1)], [("B", 0), ("F", 0), ("F", 1), ("B", 1)]],
            "B 0 of stage 1 waits for F 0 of stage 1",
        ),
        (
            [[("F", 0), ("F", 1), ("B", 0), ("B", 1)], [("F", 0), ("F", 1), ("B", 0), ("B", 1)]],
            "stage 1 holds 2 micro-batches at once",
        ),
        (
            [[("F", 0), ("B", 0), ("F", 1), ("B", 1)], [("F", 0), ("B", 0), ("F", 1), ("B", 1)]],
            "with t_F = 1 and t_B = 1 it takes 8; (m + p − 1)(t_F + t_B) = 6 is possible",
        ),
    ],
)
def test_says_what_is_wrong(schedule, said):
    assert said in verdict_on(schedule, 2, 2)


def test_gpipe_fails_for_its_memory_and_for_nothing_else():
    def gpipe(n_stages, n_micro_batches):
        return [list(itertools.product("FB", range(n_micro_batches))) for _ in range(n_stages)]

    said = complaints(DRILL, gpipe)
    assert "live micro-batches" in said
    assert not {"every step once", "dependencies", "time"} & set(said)
    assert all("micro-batches at once" in text for text in said.values())
