"""Right answers in other styles; the verifier must pass them all."""

import itertools
import random


def prefers_backward(n_stages, n_micro_batches):
    """Play the pipeline: a stage runs a backward when it can, else a forward if it has room."""
    done = set()
    plan = [[] for _ in range(n_stages)]
    while len(done) < 2 * n_stages * n_micro_batches:
        finished = set(done)
        for stage in range(n_stages):
            forwards = sum(kind == "F" for kind, _ in plan[stage])
            backwards = len(plan[stage]) - forwards
            after = ("B", stage + 1) if stage + 1 < n_stages else ("F", stage)
            if backwards < forwards and (*after, backwards) in finished:
                step = ("B", backwards)
            elif (
                forwards < n_micro_batches
                and forwards - backwards < n_stages - stage
                and (stage == 0 or ("F", stage - 1, forwards) in finished)
            ):
                step = ("F", forwards)
            else:
                continue
            plan[stage].append(step)
            done.add((step[0], stage, step[1]))
    return plan


def sorted_by_time_slot(n_stages, n_micro_batches):
    """With equal times every step has a known slot; sorting by slot gives the order."""

    def slot(stage, step):
        kind, i = step
        if kind == "B":
            return 2 * n_stages - 1 - stage + 2 * i
        return stage + i if i < n_stages - stage else stage + 2 * i

    steps = list(itertools.product("FB", range(n_micro_batches)))
    return [sorted(steps, key=lambda step: slot(stage, step)) for stage in range(n_stages)]


def tuples_of_tuples(n_stages, n_micro_batches):
    """The backward of i comes right after the forward of i + later stages, or at the end."""

    def steps(later):
        for i in range(n_micro_batches + later):
            if i < n_micro_batches:
                yield "F", i
            if i >= later:
                yield "B", i - later

    return tuple(tuple(steps(n_stages - stage - 1)) for stage in range(n_stages))


def last_micro_batch_first(n_stages, n_micro_batches):
    """Nothing says that micro-batch 0 must go first, as long as all stages agree."""
    result = []
    for stage in range(n_stages):
        waiting = list(range(n_micro_batches))
        in_flight, steps = [], []
        while waiting or in_flight:
            if waiting and len(in_flight) < n_stages - stage:
                in_flight.append(waiting.pop())
                steps.append(["F", in_flight[-1]])
                full = len(in_flight) == n_stages - stage
            else:
                full = True
            if full and in_flight:
                steps.append(["B", in_flight.pop(0)])
        result.append(steps)
    return result


def shuffled_micro_batches(n_stages, n_micro_batches):
    order = list(range(n_micro_batches))
    random.Random(n_stages * 100 + n_micro_batches).shuffle(order)
    schedule = []
    for stage in range(n_stages):
        ahead = min(n_stages - stage, n_micro_batches)
        forwards, backwards = iter(order), iter(order)
        steps = [("F", next(forwards)) for _ in range(ahead)]
        for micro_batch in forwards:
            steps += [("B", next(backwards)), ("F", micro_batch)]
        schedule.append([*steps, *(("B", micro_batch) for micro_batch in backwards)])
    return schedule


def from_the_last_stage_up(n_stages, n_micro_batches):
    """Each stage is the one after it with every forward moved one backward earlier."""
    stage = [step for i in range(n_micro_batches) for step in (("F", i), ("B", i))]
    stages = [stage]
    for _ in range(n_stages - 1):
        backwards = [("B", i) for i in range(n_micro_batches)]
        forwards = [("F", i) for i in range(n_micro_batches)]
        lead = sum(1 for _ in itertools.takewhile(lambda step: step[0] == "F", stages[0])) + 1
        head, rest = forwards[:lead], forwards[lead:]
        pairs = itertools.zip_longest(backwards, rest)
        stages.insert(0, head + [step for pair in pairs for step in pair if step is not None])
    return stages
