"""Wrong answers that people really give. Each docstring explains the misconception."""


def _one_f_one_b(warm_up, n_micro_batches):
    """Forwards to fill, then one forward and one backward in turn, then backwards to drain."""
    warm_up = max(0, min(warm_up, n_micro_batches))
    steps = [("F", i) for i in range(warm_up)]
    for i in range(n_micro_batches - warm_up):
        steps += [("F", warm_up + i), ("B", i)]
    return steps + [("B", i) for i in range(n_micro_batches - warm_up, n_micro_batches)]


def _right(n_stages, n_micro_batches):
    return [_one_f_one_b(n_stages - 1 - stage, n_micro_batches) for stage in range(n_stages)]


def all_forwards_first(n_stages, n_micro_batches):
    """You run all forwards, then all backwards: this is GPipe. It takes the same time, but every stage
    holds the activations of all m micro-batches. 1F1B runs a backward as soon as one is due, so that
    stage s holds at most p − s."""
    return [[(kind, i) for kind in "FB" for i in range(n_micro_batches)] for _ in range(n_stages)]


def autograd_order(n_stages, n_micro_batches):
    """You run all forwards, then all backwards from the last to the first, as autograd goes through one
    loss. Every stage holds all m micro-batches, and none can be freed before the last forward is done.
    1F1B runs a backward as soon as one is due, in the order of the forwards."""
    forwards = [("F", i) for i in range(n_micro_batches)]
    backwards = [("B", i) for i in reversed(range(n_micro_batches))]
    return [forwards + backwards for _ in range(n_stages)]


def eager_warm_up(n_stages, n_micro_batches):
    """Your warm-up is twice as long as needed. That is eager 1F1B: it hides the time that messages take and
    pays with up to 2 (p − s) − 1 live micro-batches. Here messages take no time, and p − s are enough."""
    return [_one_f_one_b(2 * (n_stages - 1 - stage), n_micro_batches) for stage in range(n_stages)]


def warm_up_one_too_long(n_stages, n_micro_batches):
    """Your warm-up has p − s forwards before the alternation, which then starts with another forward: one
    more than the stage needs to stay busy, and one micro-batch more in memory. p − s − 1 are enough."""
    return [_one_f_one_b(n_stages - stage, n_micro_batches) for stage in range(n_stages)]


def warm_up_one_too_short(n_stages, n_micro_batches):
    """Your warm-up is one forward short. When the stage comes to its first backward, the gradient has
    not arrived yet, and the stage idles in every round. Stage s needs p − s − 1 forwards: one for each
    stage after it."""
    return [_one_f_one_b(n_stages - 2 - stage, n_micro_batches) for stage in range(n_stages)]


def same_warm_up_everywhere(n_stages, n_micro_batches):
    """All your stages warm up with p − 1 forwards. The last stage can run its first backward right after
    its first forward; the further back a stage stands, the shorter its warm-up: p − s − 1."""
    return [_one_f_one_b(n_stages - 1, n_micro_batches) for _ in range(n_stages)]


def warm_up_grows_with_the_stage(n_stages, n_micro_batches):
    """Your schedule is upside down: the warm-up grows with the stage. Either it has s forwards where it
    should have p − s − 1, or you list the last stage first. It is the first stage that waits longest
    for a backward to come back, and the first list belongs to it."""
    return [_one_f_one_b(stage, n_micro_batches) for stage in range(n_stages)]


def no_warm_up(n_stages, n_micro_batches):
    """Every stage alternates from the start: F 0, B 0, F 1, B 1. Only one stage works at a time then,
    since the next micro-batch does not start before the last one has come back."""
    return [_one_f_one_b(0, n_micro_batches) for _ in range(n_stages)]


def backward_before_forward(n_stages, n_micro_batches):
    """After a warm-up of p − s − 1 forwards you begin the alternation with a backward. The last stage then
    starts with the backward of a micro-batch it has not seen. Forward first, then backward."""
    result = []
    for stage in range(n_stages):
        warm_up = min(n_stages - 1 - stage, n_micro_batches)
        steps = [("F", i) for i in range(warm_up)]
        for i in range(n_micro_batches - warm_up):
            steps += [("B", i), ("F", warm_up + i)]
        result.append(steps + [("B", i) for i in range(n_micro_batches - warm_up, n_micro_batches)])
    return result


def latest_backward_first(n_stages, n_micro_batches):
    """You run backwards last in, first out. The last stage sends micro-batch 0 back first, so every stage
    must take it first: backwards come in the order of the forwards."""
    result = []
    for steps in _right(n_stages, n_micro_batches):
        live, changed = [], []
        for kind, micro_batch in steps:
            if kind == "F":
                live.append(micro_batch)
                changed.append(("F", micro_batch))
            else:
                changed.append(("B", live.pop()))
        result.append(changed)
    return result


def drains_in_reverse(n_stages, n_micro_batches):
    """In the cool-down you run the remaining backwards in reverse. They arrive in the order of the
    forwards, so the stage waits for the last one while the first has long been there."""
    result = []
    for stage, steps in enumerate(_right(n_stages, n_micro_batches)):
        rest = min(n_stages - 1 - stage, n_micro_batches)
        cut = len(steps) - rest
        result.append(steps[:cut] + steps[cut:][::-1])
    return result


def forgets_to_drain(n_stages, n_micro_batches):
    """You stop when the last forward is done. The p − s − 1 micro-batches of the warm-up still wait for
    their backwards: the cool-down."""
    result = []
    for stage in range(n_stages):
        warm_up = min(n_stages - 1 - stage, n_micro_batches)
        result.append(_one_f_one_b(warm_up, n_micro_batches)[: 2 * n_micro_batches - warm_up])
    return result


def warm_up_beyond_the_last_micro_batch(n_stages, n_micro_batches):
    """Your warm-up has p − s − 1 forwards even where there are fewer micro-batches. Take the smaller of the
    two, `min(p − s − 1, m)`."""
    result = []
    for stage in range(n_stages):
        warm_up = n_stages - 1 - stage
        steps = [("F", i) for i in range(warm_up)]
        for i in range(n_micro_batches - warm_up):
            steps += [("F", warm_up + i), ("B", i)]
        rest = range(max(0, n_micro_batches - warm_up), n_micro_batches)
        result.append(steps + [("B", i) for i in rest])
    return result


def flushes_between_groups(n_stages, n_micro_batches):
    """You take the micro-batches in groups of p and let the pipeline run empty after each group. Each group
    then pays for a bubble of its own; keep the pipeline full until the last micro-batch."""
    result = []
    for stage in range(n_stages):
        steps = []
        for first in range(0, n_micro_batches, n_stages):
            size = min(n_stages, n_micro_batches - first)
            group = _one_f_one_b(n_stages - 1 - stage, size)
            steps += [(kind, first + i) for kind, i in group]
        result.append(steps)
    return result


def counts_from_one(n_stages, n_micro_batches):
    """You number micro-batches from 1. Here they count from 0, so the last one is m − 1."""
    return [[(kind, i + 1) for kind, i in steps] for steps in _right(n_stages, n_micro_batches)]


def micro_batch_first(n_stages, n_micro_batches):
    """Your pairs are (micro-batch, kind). The kind, "F" or "B", comes first."""
    return [[(i, kind) for kind, i in steps] for steps in _right(n_stages, n_micro_batches)]


def words_for_letters(n_stages, n_micro_batches):
    """You write "forward" and "backward". The steps are called "F" and "B"."""
    words = {"F": "forward", "B": "backward"}
    schedule = _right(n_stages, n_micro_batches)
    return [[(words[kind], i) for kind, i in steps] for steps in schedule]


def _slots(n_stages, n_micro_batches):
    """The schedule on a grid of time slots with equal times, None where a stage idles."""
    schedule = _right(n_stages, n_micro_batches)
    ended, rows = {}, [[] for _ in schedule]
    for slot in range(2 * (n_micro_batches + n_stages - 1)):
        for stage, steps in enumerate(schedule):
            done = len([step for step in rows[stage] if step is not None])
            step = steps[done] if done < len(steps) else None
            if step is not None:
                kind, i = step
                if kind == "F":
                    needed = (stage - 1, "F", i) if stage else None
                else:
                    needed = (stage + 1, "B", i) if stage + 1 < n_stages else (stage, "F", i)
                if needed is not None and ended.get(needed, slot) >= slot:
                    step = None
            rows[stage].append(step)
            if step is not None:
                ended[(stage, *step)] = slot
    return rows


def lists_idle_slots(n_stages, n_micro_batches):
    """You put None where a stage idles. A schedule lists work only; when a stage idles follows from the
    order and from how long the steps take."""
    return _slots(n_stages, n_micro_batches)


def one_list_per_time_slot(n_stages, n_micro_batches):
    """You return one list per time slot. The task asks for one list per stage; transpose it."""
    return [list(column) for column in zip(*_slots(n_stages, n_micro_batches))]


def one_list_for_all(n_stages, n_micro_batches):
    """You return one list of (stage, kind, micro-batch). The task asks for a list of lists, one per
    stage."""
    return [
        (stage, kind, i)
        for stage, steps in enumerate(_right(n_stages, n_micro_batches))
        for kind, i in steps
    ]
