import torch

from verifiers.checks import Case, check, describe, raised
from verifiers.ranks import run_ranks


def _run(solution, tensors):
    n = len(tensors)
    return run_ranks(n, lambda rank, send, recv: solution(rank, n, tensors[rank], send, recv))


def _call(tensors):
    return f"{len(tensors)} ranks, each with {describe(tensors[0])}"


def _sums(solution, tensors):
    """What every rank returned, and which inputs are no longer what they were."""
    before = [tensor.clone() for tensor in tensors]
    run = _run(solution, tensors)
    if run.error:
        return Case(_call(tensors), raised(run.error).as_tree())
    pairs = zip(tensors, before, strict=True)
    outcome = {
        "returned": {f"rank {rank}": result for rank, result in enumerate(run.returned)},
        "inputs changed": [
            f"tensor of rank {rank}" for rank, (a, b) in enumerate(pairs) if not torch.equal(a, b)
        ],
    }
    # Terms may be added in any order, and cancel.
    terms = sum(tensor.double().abs() for tensor in tensors)
    return Case(_call(tensors), outcome, scale=terms.max().item() if terms.numel() else 0.0)


def _tensors(draw, n, *shape, **options):
    return [draw.normal(*shape, **options) for _ in range(n)]


def _traffic(solution, tensors):
    """Who sent how much how far. Sorted, so that the direction round the ring does not show."""
    run = _run(solution, tensors)
    if run.error:
        return Case(_call(tensors), raised(run.error).as_tree())
    n = len(tensors)
    sent = [0] * n
    for message in run.messages:
        sent[message.source] += message.n_bytes
    apart = {(message.destination - message.source) % n for message in run.messages}
    outcome = {
        "ranks": n,
        "elements": tensors[0].numel(),
        "element_size": tensors[0].element_size(),
        "bytes_by_rank": sorted(sent),
        "hops": sorted({min(places, n - places) for places in apart}),
        "bytes_by_message": sorted(message.n_bytes for message in run.messages),
    }
    return Case(_call(tensors), outcome)


def traffic_rule(observed, expected):
    """Neighbours only; each rank its share; the total exactly; chunks as equal as can be."""
    n, elements, size = (expected[key] for key in ("ranks", "elements", "element_size"))
    hops = [int(places) for places in observed["hops"]]
    if 0 in hops:
        return "a rank sent something to itself"
    if any(places > 1 for places in hops):
        return (
            f"a rank sent to the rank {max(hops)} places away; "
            "only its two neighbours on the ring may be sent to"
        )
    sent = [number / size for number in observed["bytes_by_rank"]]
    low, high = 2 * (n - 1) * (elements // n), 2 * (n - 1) * -(-elements // n)
    if len(sent) != n or min(sent) < low or max(sent) > high:
        amounts = ", ".join(f"{number:g}" for number in sent)
        due = f"{low}" if low == high else f"{low} to {high}"
        return f"the ranks sent {amounts} elements; each should send {due}"
    if sum(sent) != 2 * (n - 1) * elements:
        return f"all ranks together sent {sum(sent):g} elements, not {2 * (n - 1) * elements}"
    return _chunk_rule([number / size for number in observed["bytes_by_message"]], n, elements)


def _chunk_rule(messages, n, elements):
    """Where every chunk travels as one message, the messages show how the tensor was cut."""
    low, high = elements // n, -(-elements // n)
    odd = [size for size in messages if size not in (low, high)]
    if len(messages) != 2 * (n - 1) * n or not odd:
        return None
    due = f"{low}" if low == high else f"{low} or {high}"
    return (
        f"a chunk has {odd[-1]:g} elements; {elements} elements in {n} chunks make chunks of {due}"
    )


def _shared(solution, tensors):
    run = _run(solution, tensors)
    if run.error:
        return Case(_call(tensors), raised(run.error).as_tree())
    places = [tensor.untyped_storage().data_ptr() for tensor in tensors]
    sharing = [
        rank
        for rank, result in enumerate(run.returned)
        if isinstance(result, torch.Tensor) and result.untyped_storage().data_ptr() in places
    ]
    return Case(_call(tensors), {"sharing": sharing})


def new_rule(observed, expected):
    sharing = [int(rank) for rank in observed["sharing"]]
    if sharing:
        return (
            f"the result of rank {sharing[0]} shares memory with its input; "
            "return a tensor of its own"
        )
    return None


@check("the example", example=True)
def example(solution, draw):
    tensors = [draw.tensor([1.0, 2.0, 3.0]), draw.tensor([10.0, 20.0, 30.0])]
    yield _sums(solution, tensors)


@check("chunks of equal size")
def equal_chunks(solution, draw):
    """Every rank ends with the sum over all ranks."""
    for n, size in [(2, 6), (3, 6), (4, 12)]:
        yield _sums(solution, _tensors(draw, n, size))


@check("chunks of unequal size")
def unequal_chunks(solution, draw):
    """When the ranks do not divide the elements, chunk sizes differ by one, and none is lost."""
    for n, size in [(2, 7), (3, 5), (4, 11), (5, 7)]:
        yield _sums(solution, _tensors(draw, n, size))


@check("many ranks")
def many(solution, draw):
    """2 (n − 1) steps, however long the ring is."""
    yield _sums(solution, _tensors(draw, 8, 27, dtype=torch.float64))


@check("one rank")
def one_rank(solution, draw):
    """Alone, a rank has nothing to send: the sum is its own tensor."""
    yield _sums(solution, _tensors(draw, 1, 5))
    yield _sums(solution, _tensors(draw, 1, 2, 3, dtype=torch.float64))


@check("tensors smaller than the ring")
def small(solution, draw):
    """Some chunks are empty then. A single loss value has one element, and no dimension."""
    yield _sums(solution, _tensors(draw, 4, 3))
    yield _sums(solution, _tensors(draw, 3, 1))
    yield _sums(solution, [draw.tensor(draw.number(-1, 1)) for _ in range(3)])
    yield _sums(solution, _tensors(draw, 2, 0, 3))


@check("shapes")
def shapes(solution, draw):
    """The result has the shape of the tensor; the chunks are cut from its flattened form."""
    for n, shape in [(3, (2, 5)), (2, (3, 1, 3)), (3, (1, 7))]:
        yield _sums(solution, _tensors(draw, n, *shape))


@check("memory layouts")
def layouts(solution, draw):
    """A tensor may be a view, with its elements anywhere in memory."""
    for layout in ("transposed", "strided"):
        yield _sums(solution, _tensors(draw, 3, 3, 4, layout=layout))


@check("dtypes")
def dtypes(solution, draw):
    """The sum has the dtype of the tensors; large integers stay exact."""
    yield _sums(solution, _tensors(draw, 3, 4, dtype=torch.float64))
    large = 2**60
    yield _sums(solution, [draw.integers(-large, large, 5) for _ in range(3)])
    yield _sums(solution, [draw.integers(0, 9, 2, 3) for _ in range(2)])


@check("a tensor of its own", judge=new_rule)
def new(solution, draw):
    """The result is a new tensor on every rank, also when a rank is alone."""
    for n, shape in [(1, (4,)), (1, (2, 3)), (3, (6,))]:
        yield _shared(solution, _tensors(draw, n, *shape))


@check("who sends how much, equal chunks", judge=traffic_rule)
def traffic_equal(solution, draw):
    """To neighbours only, and 2 (n − 1) chunks of N / n elements from each rank."""
    yield _traffic(solution, _tensors(draw, 4, 12))
    yield _traffic(solution, _tensors(draw, 2, 3, 2, dtype=torch.float64))
    yield _traffic(solution, _tensors(draw, 3, 6))


@check("who sends how much, unequal chunks", judge=traffic_rule)
def traffic_unequal(solution, draw):
    """Chunk sizes differ by at most one, without padding: 2 (n − 1) N elements in all."""
    yield _traffic(solution, _tensors(draw, 4, 10))
    yield _traffic(solution, _tensors(draw, 3, 4, 5))
    yield _traffic(solution, _tensors(draw, 5, 3))
    yield _traffic(solution, _tensors(draw, 1, 4))
