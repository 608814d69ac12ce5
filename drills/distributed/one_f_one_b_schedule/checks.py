from collections import Counter

from verifiers.checks import check, observe
from verifiers.compare import unwrap_number
from verifiers.describe import describe_kind

# A makespan is the longest of many paths, each a·t_F + b·t_B with small whole a and b. One that is
# right where either time is a million times the other has no path with a or b above m + p − 1,
# and so is right for all positive times. The other pairs make for readable complaints.
TIMES = ((1, 1), (1, 2), (3, 1), (1, 9), (1, 10**6), (10**6, 1))


class _Wrong(Exception):
    """What is wrong with a schedule, in one sentence."""


def _call(draw, solution, n_stages, n_micro_batches):
    def one_f_one_b_schedule(n_stages, n_micro_batches):
        return _plain(solution(n_stages, n_micro_batches))

    return observe(draw, one_f_one_b_schedule, n_stages, n_micro_batches)


def _plain(value):
    """Lists for tuples, plain text for enums and NumPy strings that are text."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str.__str__(value) if isinstance(value, str) else value


# Reading and judging a schedule; this runs on plain data in the trusted process.


def _rule(*aspects):
    """A judge that reads the schedule and then looks at the given aspects, in order."""

    def rule(observed, expected):
        wanted = expected["returned"]
        n_stages, n_micro_batches = len(wanted), len(wanted[0]) // 2
        try:
            schedule = _read(observed["returned"], n_stages, n_micro_batches)
            for aspect in aspects:
                aspect(schedule, n_micro_batches)
        except _Wrong as wrong:
            return str(wrong)
        return None

    return rule


def _read(returned, n_stages, n_micro_batches):
    if not isinstance(returned, list):
        raise _Wrong(f"expected {n_stages} lists, one per stage, got {describe_kind(returned)}")
    if len(returned) != n_stages:
        raise _Wrong(f"expected {n_stages} lists, one per stage, got {len(returned)}")
    for stage, steps in enumerate(returned):
        if not isinstance(steps, list):
            raise _Wrong(f"stage {stage}: expected a list of steps, got {describe_kind(steps)}")
    return [
        [_step(step, f"stage {s}, position {i}", n_micro_batches) for i, step in enumerate(steps)]
        for s, steps in enumerate(returned)
    ]


def _step(step, place, n_micro_batches):
    if step is None:
        raise _Wrong(f"{place} is None; list only work, idle time follows from it")
    if not (isinstance(step, list) and len(step) == 2 and step[0] in ("F", "B")):
        shown = repr(tuple(step) if isinstance(step, list) else step)[:60]
        raise _Wrong(f'{place} is {shown}; expected ("F", micro_batch) or ("B", micro_batch)')
    micro_batch = unwrap_number(step[1])
    if type(micro_batch) is not int:
        raise _Wrong(f"{place}: the micro-batch is {describe_kind(step[1])}, not an int")
    if not 0 <= micro_batch < n_micro_batches:
        raise _Wrong(
            f"{place} names micro-batch {micro_batch}; they count from 0 to {n_micro_batches - 1}"
        )
    return step[0], micro_batch


def _complete(schedule, n_micro_batches):
    for stage, steps in enumerate(schedule):
        times = Counter(steps)
        for micro_batch in range(n_micro_batches):
            for kind in "FB":
                count = times[kind, micro_batch]
                if count != 1:
                    often = "never runs" if count == 0 else f"runs {count} times"
                    raise _Wrong(f"stage {stage} {often} {kind} of micro-batch {micro_batch}")


def _in_order(schedule, n_micro_batches):
    _makespan(schedule, 1, 1)


def _live(schedule, n_micro_batches):
    n_stages = len(schedule)
    for stage, steps in enumerate(schedule):
        held = peak = 0
        for kind, _ in steps:
            held += 1 if kind == "F" else -1
            peak = max(peak, held)
        limit = min(n_stages - stage, n_micro_batches)
        if peak > limit:
            raise _Wrong(
                f"stage {stage} holds {peak} micro-batches at once, forwarded and not yet "
                f"backwarded; at most min({n_stages} − {stage}, {n_micro_batches}) = {limit} "
                "may be live there"
            )


def _fast(schedule, n_micro_batches):
    for forward, backward in TIMES:
        best = (n_micro_batches + len(schedule) - 1) * (forward + backward)
        taken = _makespan(schedule, forward, backward)
        if taken != best:
            raise _Wrong(
                f"with t_F = {forward} and t_B = {backward} it takes {taken}; "
                f"(m + p − 1)(t_F + t_B) = {best} is possible"
            )


def _makespan(schedule, forward, backward):
    """When the last step ends, if each stage starts each step as soon as it may."""
    last = len(schedule) - 1
    duration = {"F": forward, "B": backward}
    ended, position, clock = {}, [0] * len(schedule), [0] * len(schedule)
    moved = True
    while moved:
        moved = False
        for stage, steps in enumerate(schedule):
            while position[stage] < len(steps):
                kind, micro_batch = steps[position[stage]]
                needed = _needed(stage, kind, micro_batch, last)
                if needed is not None and needed not in ended:
                    break
                start = max(clock[stage], ended.get(needed, 0))
                clock[stage] = ended[stage, kind, micro_batch] = start + duration[kind]
                position[stage] += 1
                moved = True
    if any(position[stage] < len(steps) for stage, steps in enumerate(schedule)):
        raise _Wrong(_deadlock(schedule, position, last))
    return max(clock)


def _needed(stage, kind, micro_batch, last):
    """The step that must have ended before this one may start, besides those listed before it."""
    if kind == "F":
        return (stage - 1, "F", micro_batch) if stage else None
    return (stage + 1, "B", micro_batch) if stage < last else (stage, "F", micro_batch)


def _deadlock(schedule, position, last):
    waits = []
    for stage, steps in enumerate(schedule):
        if position[stage] < len(steps):
            kind, micro_batch = steps[position[stage]]
            other, what, which = _needed(stage, kind, micro_batch, last)
            step, missing = f"{kind} {micro_batch}", f"{what} {which}"
            waits.append(f"{step} of stage {stage} waits for {missing} of stage {other}")
    return f"deadlock: {'; '.join(waits[:4])}{'; …' if len(waits) > 4 else ''}"


everything = _rule(_complete, _in_order, _live, _fast)


def _pipelines(draw):
    """Some pipelines with at least as many micro-batches as stages."""
    for n_stages in (2, 3, draw.integer(4, 6)):
        for extra in (0, 1, draw.integer(2, 7)):
            yield n_stages, n_stages + extra


@check("the example", example=True, judge=everything)
def example(solution, draw):
    yield _call(draw, solution, 3, 4)


@check("every step once", judge=_rule(_complete))
def complete(solution, draw):
    """Each stage runs the forward and the backward of each micro-batch exactly once."""
    for n_stages, n_micro_batches in _pipelines(draw):
        yield _call(draw, solution, n_stages, n_micro_batches)


@check("dependencies", judge=_rule(_complete, _in_order))
def dependencies(solution, draw):
    """A forward follows that of the stage before; a backward follows that of the stage after."""
    for n_stages, n_micro_batches in _pipelines(draw):
        yield _call(draw, solution, n_stages, n_micro_batches)


@check("live micro-batches", judge=_rule(_live))
def live(solution, draw):
    """Stage s holds at most min(p − s, m) micro-batches: run a backward as soon as one is due."""
    for n_stages, n_micro_batches in _pipelines(draw):
        yield _call(draw, solution, n_stages, n_micro_batches)


@check("time", judge=_rule(_complete, _fast))
def time(solution, draw):
    """(m + p − 1)(t_F + t_B), however long a forward and a backward take."""
    for n_stages, n_micro_batches in _pipelines(draw):
        yield _call(draw, solution, n_stages, n_micro_batches)


@check("one stage", judge=everything)
def one_stage(solution, draw):
    """Without a pipeline each forward is followed by its backward."""
    for n_micro_batches in (1, 2, draw.integer(3, 9)):
        yield _call(draw, solution, 1, n_micro_batches)


@check("one micro-batch", judge=everything)
def one_micro_batch(solution, draw):
    """A single micro-batch goes forward through all stages and back."""
    for n_stages in (2, 3, draw.integer(4, 8)):
        yield _call(draw, solution, n_stages, 1)


@check("fewer micro-batches than stages", judge=everything)
def few(solution, draw):
    """The first stages run out of micro-batches before their warm-up is over."""
    for n_stages in (3, 4, draw.integer(5, 8)):
        for n_micro_batches in {2, n_stages - 1, draw.integer(2, n_stages - 1)}:
            yield _call(draw, solution, n_stages, n_micro_batches)


@check("long runs", judge=everything)
def long(solution, draw):
    """Many micro-batches keep the bubble small."""
    for n_stages in (2, 4, 8):
        yield _call(draw, solution, n_stages, draw.integer(20, 32))
