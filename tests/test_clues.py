"""What the values of a wrong answer give away, each clue from a submission that shows it."""

from __future__ import annotations

import pytest
import torch

from drills.catalogue import get_drill
from verifiers.clues import clues
from verifiers.conclude import Record
from verifiers.diagnose import diagnose
from verifiers.places import undefined
from verifiers.relation import as_root, lost_digits, relation
from verifiers.result import compare_check
from verifiers.run import load_module
from verifiers.seen import Pair, Seen
from verifiers.tolerance import Allowance
from verifiers.traits import contrast
from verifiers.tree import OnDevice
from verifiers.workbench import expectations, load_workbench

# What is changed in a drill's reference, and what its author should then read.
CLUES = {
    "a factor with a name": (
        "scaled_dot_product_attention",
        ("return weights @ v", "return weights @ v * 8**0.5"),
        "right up to a constant factor of 2.828 = √8",
    ),
    "a factor that follows a size": (
        "scaled_dot_product_attention",
        ("return weights @ v", "return weights @ v * math.sqrt(q.shape[-1])"),
        "factor of √(the length of the last axis of k), for example 1.414 where",
    ),
    "a factor that follows a number": (
        "kv_cache_bytes",
        ("n_kv_heads * head_dim", "n_kv_heads * n_kv_heads * head_dim"),
        "right up to a factor of n_kv_heads, for example 8 where n_kv_heads is 8",
    ),
    "a factor of plain numbers": (
        "kv_cache_bytes",
        ("* bytes_per_value)", "* bytes_per_value * 8)"),
        "Every one of these results is 8 times the right one",
    ),
    "one head and several": (
        "multi_head_attention",
        (".transpose(1, 2).reshape(x.shape)", ".transpose(1, 2).flip(2).reshape(x.shape)"),
        "Only calls with n_heads above 1 go wrong: all",
    ),
    "rows without a key": (
        "scaled_dot_product_attention",
        (
            "    return weights",
            "    weights = torch.where(allowed.any(-1, keepdim=True), weights, 1.0)\n"
            "    return weights",
        ),
        "The values are wrong only where the right value is 0",
    ),
    "a missing gradient": (
        "scaled_dot_product_attention",
        ("weights @ v", "weights @ v.detach()"),
        "The values are right, but no gradient arrives at v: the graph is cut on the way. "
        "The gradients of q and k are right.",
    ),
    "a gradient of zero": (
        "layer_norm",
        ("* weight + bias", "* (weight.detach() + 0 * weight) + bias"),
        "the gradient of weight is 0 everywhere. The gradients of x and bias are right.",
    ),
    "digits lost": (
        "scaled_dot_product_attention",
        ("return weights @ v", "return (weights @ v).bfloat16().to(v.dtype)"),
        "and fits into bfloat16: somewhere the result passes through bfloat16",
    ),
    "a term twice": (
        "lora_forward",
        ("frozen + bias", "frozen + 2 * bias"),
        "The result minus the right one is bias",
    ),
    "one of several results": (
        "training_memory",
        ("weights + gradients + optimizer", "weights + optimizer"),
        "Of the 4 results 3 are right; wrong: 'total'.",
    ),
    "one place": (
        "layer_norm",
        (
            "    return centred / (variance + eps).sqrt() * weight + bias",
            "    y = centred / (variance + eps).sqrt() * weight + bias\n"
            "    return torch.cat([x[..., :1], y[..., 1:]], -1)",
        ),
        "The values are wrong only at the first index of the last axis.",
    ),
    "one place by an option": (
        "rope",
        ("a * sin + b * cos)", "b)"),
        "With interleaved=False the values are wrong only in the second half of the last axis.",
    ),
    "more axes than most calls": (
        "scaled_dot_product_attention",
        ("math.sqrt(q.shape[-1])", "(math.sqrt(q.shape[-1]) if q.dim() < 4 else 1.0)"),
        "Only calls where q has more than 3 axes go wrong",
    ),
    "an input changed in place": (
        "layer_norm",
        (
            "    return centred / (variance + eps).sqrt() * weight + bias",
            "    y = centred / (variance + eps).sqrt() * weight + bias\n"
            "    bias.data.mul_(2)\n    return y",
        ),
        "You change the caller's bias in place. Make a new tensor instead.",
    ),
}


def explanation(drill_id: str, source: str, seed: int = 1) -> str:
    """What a submission is told, judged in this process."""
    bench = load_workbench(get_drill(drill_id).spec)
    entry = getattr(load_module(source, "submission", "submission.py"), bench.spec.entry)
    record = Record(expectations(bench, seed, "cpu"))
    for check in bench.checks:
        observed = list(bench.expect(check, entry, seed, "cpu").native)
        result, _ = compare_check(check, observed, record.expected[check.name])
        record.observed[check.name] = observed
        record.results.append(result)
    assert not all(result.passed for result in record.results)
    found = diagnose(bench, record, seed, "cpu")
    return found.explanation if found else ""


@pytest.mark.parametrize("name", CLUES)
def test_a_wrong_answer_gives_itself_away(name):
    drill, (old, new), clue = CLUES[name]
    source = "import torch\n" + get_drill(drill).reference
    assert old in source
    said = explanation(drill, source.replace(old, new))
    assert clue in said, said


def normal(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


RELATIONS = {
    "sign": (lambda x: -x, "wrong sign everywhere"),
    "a third": (lambda x: x / 3, "constant factor of 0.3333 = 1/3"),
    "offset": (lambda x: x + 1.5, "off by the same amount, 1.5"),
    "constant": (lambda x: torch.full_like(x, 0.25), "Every value of the result is 0.25"),
    "transpose": (lambda x: x.transpose(-1, -2), "last two axes are swapped"),
    "two axes": (lambda x: x.transpose(0, 1), "The axes 0 and 1 of the result are swapped"),
    "all axes": (lambda x: x.permute(1, 2, 0), "permute(2, 0, 1) makes it right"),
    "reversed": (lambda x: x.flip(1), "reversed along axis 1"),
    "shifted": (lambda x: x.roll(1, 2), "Along axis 2 every value stands one place later"),
    "square": (lambda x: x * x, "the square of the right one"),
    "complement": (lambda x: 1 - x, "1 minus the right one"),
    "magnitude": (torch.abs, "signs are lost"),
    "signs": (lambda x: x * torch.tensor([1.0, -1.0, 1.0, 1.0]), "some signs are not"),
    "rows": (
        lambda x: x / x.exp().sum(-1, keepdim=True),
        "Each slice along the last axis is right up to a factor of its own",
    ),
    "row offsets": (lambda x: x - x.amax(-1, keepdim=True), "off by an amount of its own"),
    "other places": (
        lambda x: x.reshape(-1)[torch.tensor([*range(23, 11, -1), *range(12)])].reshape(x.shape),
        "but not in their places",
    ),
    "shape": (lambda x: x.unsqueeze(0), "only the shape is wrong"),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_how_a_result_relates_to_the_right_one_is_said(name):
    change, said = RELATIONS[name]
    right = normal(2, 3, 4)
    assert said in (relation(change(right), right) or "")


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_said_of_a_result_that_relates_in_no_simple_way(seed):
    torch.manual_seed(seed)
    right = torch.randn(3, 4, 5, dtype=torch.float64)
    noise = torch.randn(3, 4, 5, dtype=torch.float64)
    assert relation(right + 0.3 * noise, right) is None
    assert relation(noise, right) is None
    assert relation(right.clone(), right) is None
    assert relation(right * torch.nan, right) is None
    assert relation(right[:0], right[:0]) is None


DIGITS = {
    "float32": (lambda x: x.float().double(), "somewhere the result passes through float32"),
    "float16": (lambda x: x.half().double(), "somewhere the result passes through float16"),
    "nearly": (lambda x: x * (1 + 2e-6 * x), "a small constant in the wrong place"),
    "less nearly": (lambda x: x * (1 + 2e-5 * x), "something small that is added or left out"),
}


def pair(got: torch.Tensor, want: torch.Tensor) -> Pair:
    return Pair(got, want, torch.float64)


@pytest.mark.parametrize("name", DIGITS)
def test_lost_digits_are_said_where_every_call_shows_them(name):
    change, said = DIGITS[name]
    right = normal(2, 3, 4)
    assert said in (lost_digits([pair(change(right), right)]) or "")
    assert lost_digits([pair(change(right), right), pair(right + 0.1, right)]) is None


def test_a_value_near_an_extremum_does_not_stand_for_lost_digits():
    near, far = torch.tensor(1.0).double(), torch.tensor(0.3).double()
    flat = pair(near, near - 3e-7)
    assert lost_digits([flat, pair(near, far)]) is None
    assert "passes through" not in (lost_digits([flat]) or "")  # 1 fits into any dtype


def test_the_root_of_a_whole_number_is_named_only_where_it_is_one():
    assert as_root(8**0.5) == " = √8"
    assert as_root(63.3) == as_root(2.8288) == ""


def test_slices_with_one_value_each_have_no_factor_of_their_own():
    right = torch.eye(4, dtype=torch.float64)
    wrong = right * torch.tensor([[0.1], [0.2], [0.3], [0.4]])
    assert "Each slice" not in (relation(wrong, right) or "")
    right = normal(8, 4)
    mostly = right.clone()
    mostly[0] *= 2
    assert relation(mostly, right) is None


def seen(got: torch.Tensor, want: torch.Tensor, **arguments: object) -> Seen:
    tree = OnDevice(want)
    return Seen(arguments, OnDevice(got), tree, tree, Allowance())


def test_an_infinity_that_right_results_hold_too_is_counted():
    right = torch.tensor([1.0, 2.0, -torch.inf, 4.0])
    more = torch.tensor([1.0, -torch.inf, -torch.inf, 4.0])
    assert (undefined([seen(more, right)]) or "").startswith("Too many values are −inf")
    assert (undefined([seen(right, more)]) or "").startswith("Too few values are −inf")
    assert undefined([seen(more, right), seen(right, more)]) is None
    assert (undefined([seen(more, right.nan_to_num())]) or "").startswith("Some values are −inf")
    assert undefined([seen(1 / torch.tensor([0.0, -0.0]), torch.ones(2))]) == (
        "Some values are inf or −inf."
    )


def test_a_sentence_that_some_calls_show_says_how_many_and_of_which_numbers():
    right = normal(2, 3)
    wrong = [seen(right + amount, right) for amount in (1.5, 1.5, 2.5)]
    said = clues([*wrong, seen(right.cos(), right)])
    assert said[0] == (
        "Every value is off by the same amount, 1.5 (3 of the 4 wrong calls; the numbers differ "
        "from call to call)."
    )


def test_a_gradient_that_is_right_at_times_is_said_to_be():
    zero, one = OnDevice(torch.zeros(3)), OnDevice(torch.ones(3))

    def call(gradient: OnDevice) -> Seen:
        known = {"returned": one, "gradients": {"x": one}, "inputs changed": []}
        return Seen({}, known | {"gradients": {"x": gradient}}, known, known, Allowance())

    assert clues([call(zero)]) == ["The values are right, but the gradient of x is 0 everywhere."]
    said = clues([call(zero), call(OnDevice(torch.full((3,), 2.0)))])
    assert said == [
        "The values are right, but in some calls the gradient of x is 0 everywhere and in some "
        "calls the gradient of x is wrong."
    ]


def calls(*values: object) -> list[dict[str, object]]:
    return [{"x": torch.ones(2, 3), "flag": value} for value in values]


def test_what_failing_calls_share_is_said():
    said = contrast(calls(True, True), calls(False, False, False))
    assert said == "Only calls with flag=True go wrong: all 2 of them."
    partly = contrast(calls(*[True] * 10), calls(*[False] * 5, True))
    assert partly == "Only calls with flag=True go wrong: 10 of 11."
    other = contrast(calls(None, None), calls(True, True, True))
    assert other == "All 3 calls with flag=True are right; all 2 others go wrong."
    ones = contrast(calls(0.5, 2.0), calls(1.0, 1.0, 1.0))
    assert ones == "All 3 calls with flag = 1 are right; all 2 others go wrong."


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (calls(True), calls(False, False, False)),  # one call shows nothing
        (calls(True, False), calls(False, True, False, True)),
        (calls(True, True), calls(True, True, True, True)),
        (calls(True, True), calls(False)),
        (calls(True, True), calls(*[False] * 5, True)),  # too many lie beside them
        (calls(*[True] * 10), calls(*[False] * 4, True)),  # and too few apart
        ([], calls(True, True, True)),
    ],
)
def test_nothing_is_said_where_no_trait_tells_the_calls_apart(wrong, right):
    assert contrast(wrong, right) is None
