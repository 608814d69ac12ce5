"""Every verdict the engine can give, from real submissions in the real sandbox."""

import itertools

import pytest
from engine import make_drill

from drills.catalogue import get_drill
from verifiers.checks import Case, Check
from verifiers.diagnose import behaves_alike
from verifiers.isolation import isolation
from verifiers.judge import Judge
from verifiers.verdict import Verdict

REFERENCE = "def solve(x, scale=2.0):\n    return x * scale\n"
CHECKS = """
    @check("example", example=True)
    def example(solution, draw):
        yield observe(draw, solution, draw.tensor([1.0, 2.0]), 3.0)

    @check("values")
    def values(solution, draw):
        for shape in [(3,), (2, 4)]:
            yield observe(draw, solution, draw.normal(*shape, grad=True), draw.number(2, 3))
"""


@pytest.fixture(scope="module")
def double(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drills") / "double"
    mistakes = '''
        def forgets_scale(x, scale=2.0):
            """You always double."""
            return x * 2.0

        def cuts_graph(x, scale=2.0):
            """No gradient arrives."""
            return x.detach() * scale
    '''
    return make_drill(folder, checks=CHECKS, reference=REFERENCE, mistakes=mistakes, time_limit=3.0)


VERDICTS = {
    "right": (REFERENCE, "passed"),
    "wrong": ("def solve(x, scale=2.0):\n    return x + scale", "failed"),
    "loops": ("def solve(x, scale=2.0):\n    while True: pass", "time_limit"),
    "loops at import": ("while True: pass", "time_limit"),
    "sleeps": ("import time\ndef solve(x, scale=2.0):\n    time.sleep(60)", "time_limit"),
    "allocates": (
        "import torch\ndef solve(x, scale=2.0):\n    return torch.zeros(25 * 2**30)",
        "memory_limit",
    ),
    "hoards": (
        "def solve(x, scale=2.0):\n    a = []\n    while True: a.append(bytearray(2**28))",
        "memory_limit",
    ),
    "prints": ("while True: print('x' * 1000)", "output_limit"),
    "exits": ("import os\nos._exit(0)", "crashed"),
    "exits when called": ("import os\ndef solve(x, scale=2.0): os._exit(0)", "crashed"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "crashed"),
    "aborts": ("import os\nos.abort()", "crashed"),
    "leaves politely": ("import sys\nsys.exit(0)", "runtime_error"),
    "leaves when called": (
        "import sys\ndef solve(x, scale=2.0): sys.exit(0)",
        "runtime_error",
    ),
    "syntax": ("def solve(x:\n    return x", "syntax_error"),
    "tabs": ("def solve(x):\n\tif x:\n        return x", "syntax_error"),
    "null byte": ("x = 1\0", "syntax_error"),
    "not UTF-8": (b"# caf\xe9\n", "syntax_error"),
    "half a surrogate": ("x = '\ud800'", "syntax_error"),
    "nested": ("(" * 5000 + ")" * 5000, "syntax_error"),
    "empty": ("", "runtime_error"),
    "comment": ("# nothing yet", "runtime_error"),
    "other name": ("def solution(x, scale=2.0): return x", "runtime_error"),
    "not callable": ("solve = 5", "runtime_error"),
    "raises at import": ("1 / 0", "runtime_error"),
    "raises": ("def solve(x, scale=2.0): return x.nothing", "runtime_error"),
    "wrong arguments": ("def solve(x): return x", "runtime_error"),
    "recursion": ("def solve(x, scale=2.0): return solve(x)", "runtime_error"),
    "returns nothing": ("def solve(x, scale=2.0): pass", "failed"),
    "returns a generator": (
        "import itertools\ndef solve(x, scale=2.0): return itertools.count()",
        "failed",
    ),
    "returns itself": ("def solve(x, scale=2.0): return solve", "failed"),
    "right but in place": (
        "import torch\ndef solve(x, scale=2.0):\n    y = x * scale\n"
        "    with torch.no_grad(): x.zero_()\n    return y",
        "failed",
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_gives_the_verdict_and_judges_the_next_one_right(judge, double, name):
    source, expected = VERDICTS[name]
    verdict = judge.judge(double, source)
    assert verdict.verdict == expected, verdict
    assert verdict.message
    assert judge.judge(double, REFERENCE).passed


def test_a_line_of_the_submission_is_named(judge, double):
    verdict = judge.judge(double, "def solve(x, scale=2.0):\n    y = x\n    return y.nothing")
    assert "AttributeError in line 3" in verdict.checks[0].detail


def test_what_it_prints_is_kept_without_control_sequences(judge, double):
    verdict = judge.judge(double, f"print('\\x1b[31mhello')\n{REFERENCE}")
    assert verdict.passed
    assert verdict.printed.strip() == "hello"


def test_a_known_mistake_is_named_and_explained(judge, double):
    verdict = judge.judge(double, "def solve(x, scale=2.0):\n    y = x + x\n    return y")
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.mistake == "forgets_scale"
    assert verdict.diagnosis.explanation == "You always double."


def test_mistakes_that_explain_only_some_checks_say_so(judge, double):
    source = (
        "def solve(x, scale=2.0):\n    return x.detach() * scale if x.requires_grad else x * 0 + 7"
    )
    verdict = judge.judge(double, source)
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.mistake == "cuts_graph"
    assert "does not explain “example”" in verdict.diagnosis.explanation


def test_mistakes_that_look_the_same_are_both_told(judge, tmp_path):
    spec = make_drill(
        tmp_path / "alike",
        checks="""
            @check("small")
            def small(solution, draw):
                yield observe(draw, solution, 1)

            @check("large")
            def large(solution, draw):
                yield observe(draw, solution, 10)

            @check("negative")
            def negative(solution, draw):
                yield observe(draw, solution, -1)
        """,
        reference="def solve(n): return n",
        mistakes="""
            def first(n):
                \"\"\"You add 1.\"\"\"
                return n + 1

            def second(n):
                \"\"\"You add 1 in a large case and double.\"\"\"
                return {1: 2, 10: 11, -1: -2}[n]
        """,
    )
    verdict = judge.judge(spec, "def solve(n): return {1: 2, 10: 11, -1: 7}[n]")
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.mistake is None
    assert "“small”, “large”: You add 1.\n\nOr: You add 1 in a large" in (
        verdict.diagnosis.explanation
    )


def test_one_example_names_no_mistake(judge, double):
    source = "def solve(x, scale=2.0):\n    return x + x"
    verdict = judge.judge(double, source, example_only=True)
    assert not verdict.passed
    assert verdict.diagnosis is None or verdict.diagnosis.mistake is None


def test_nothing_is_said_of_checks_that_did_not_run(judge, double):
    source = (
        "import sys\ndef solve(x, scale=2.0):\n    return x + 1 if x.dim() == 1 else sys.exit(0)"
    )
    verdict = judge.judge(double, source)
    assert verdict.verdict == "runtime_error"
    assert [check.passed for check in verdict.checks] == [False]
    assert verdict.diagnosis is None or "else is right" not in verdict.diagnosis.explanation


def test_a_mistake_runs_no_further_than_to_the_first_call_it_answers_otherwise():
    def cases(*outcomes):
        for outcome in outcomes:
            assert outcome is not None, "it went on"
            yield Case("", outcome)

    check = Check("values", cases)
    assert behaves_alike(check, [1, 2], cases(1, 2), cases(None))
    assert not behaves_alike(check, [1, 2], cases(1, 3, None), cases(1, 3, None))
    assert not behaves_alike(check, [5, 2], cases(1, None), cases(1, None))
    assert not behaves_alike(check, [1], cases(1, 2, None), cases(None))
    assert not behaves_alike(check, [1, 2], cases(1), cases(None))


def test_looks_ahead_in_the_drill_of_the_last_submission(double, tmp_path):
    other = make_drill(
        tmp_path / "other",
        checks="""
            @check("values")
            def values(solution, draw):
                yield observe(draw, solution, draw.normal(3))
        """,
        reference="def solve(x): return x",
    )
    with Judge(look_ahead=True) as judge:
        for spec, source in ((double, REFERENCE), (other, "def solve(x): return x")):
            assert judge.judge(spec, source).passed
            assert judge._ahead is not None
            assert judge._ahead.bench.spec is spec


@pytest.mark.parametrize(
    ("expression", "clue"),
    [
        ("x * scale * 8**0.5", "constant factor of 2.828 = √8"),
        ("x * scale / 3", "constant factor of 0.3333 = 1/3"),
        ("-x * scale", "wrong sign"),
        ("x * scale + 1.5", "off by the same amount, 1.5"),
        ("x * scale * (1 + 2e-6 * x)", "right to about"),
    ],
)
def test_numbers_give_away_what_no_mistake_explains(judge, double, expression, clue):
    verdict = judge.judge(double, f"def solve(x, scale=2.0):\n    return {expression}")
    assert not verdict.passed
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.mistake is None
    assert clue in verdict.diagnosis.explanation


def test_a_right_result_beside_a_wrong_one_gives_nothing_away(judge, double):
    # Rounding differs where x is a vector; the wrong values, where it is a matrix, are no clue.
    source = (
        "def solve(x, scale=2.0):\n"
        "    return x * scale * (1 + 1e-7) if x.dim() == 1 else (x * scale).tanh()"
    )
    verdict = judge.judge(double, source)
    assert [check.passed for check in verdict.checks] == [True, False]
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.explanation == "Everything else is right; only “values” fails."


def test_a_mistake_is_not_named_where_it_would_fail_what_the_submission_passes(judge, double):
    # In “values” it behaves like `forgets_scale`; in the example it plainly uses the scale.
    source = "def solve(x, scale=2.0):\n    return x * (scale if scale == 3.0 else 2.0)"
    verdict = judge.judge(double, source)
    assert [check.passed for check in verdict.checks] == [True, False]
    assert verdict.diagnosis is None or verdict.diagnosis.mistake is None


def test_a_wrong_gradient_is_not_taken_for_lost_precision(judge, double):
    source = (
        "def solve(x, scale=2.0):\n"
        "    y = x * scale * (1 + 1e-7)\n"
        "    return y if x.dim() == 1 else y.detach() + 0 * x"
    )
    verdict = judge.judge(double, source)
    assert "gradient of x" in verdict.checks[1].detail
    assert verdict.diagnosis is not None
    assert "precision" not in verdict.diagnosis.explanation


def test_the_seed_makes_a_verdict_repeatable_and_is_fresh_otherwise(judge, double):
    wrong = "def solve(x, scale=2.0):\n    return x"
    first, second = (judge.judge(double, wrong, seed=5) for _ in range(2))
    assert first.checks == second.checks
    seeds = {judge.judge(double, REFERENCE).seed for _ in range(3)}
    assert len(seeds) == 3


def test_checks_are_heard_of_in_order(judge, double):
    heard = []
    judge.judge(double, REFERENCE, on_check=heard.append)
    assert [(result.name, result.passed) for result in heard] == [
        ("example", True),
        ("values", True),
    ]


def test_the_example_alone_shows_what_came_out(judge, double):
    verdict = judge.judge(double, REFERENCE, example_only=True)
    assert verdict.passed
    assert [result.name for result in verdict.checks] == ["example"]
    assert "tensor([3., 6.])" in verdict.checks[0].detail


def test_hard_coded_answers_fail_on_fresh_inputs(judge, double):
    source = "import torch\ndef solve(x, scale=2.0):\n    return torch.tensor([3.0, 6.0])"
    verdict = judge.judge(double, source)
    assert verdict.checks[0].passed
    assert not verdict.passed


@pytest.mark.parametrize(
    "attack",
    [
        "import torch\ntorch.allclose = torch.equal = lambda *a, **k: True",
        "import builtins\nbuiltins.all = builtins.any = lambda *a: True",
        "import verifiers.compare as c\nc.compare = c.compare_case = lambda *a, **k: None",
        "import verifiers.checks as c\nc.observe = lambda *a, **k: None",
        "import torch\ntorch.Tensor.__eq__ = lambda a, b: True",
        "import sys\nsys.modules['checks'] = None",
    ],
)
def test_patching_the_tools_of_comparison_gains_nothing(judge, double, attack):
    wrong = "\ndef solve(x, scale=2.0):\n    return x * 0"
    assert not judge.judge(double, attack + wrong).passed
    assert judge.judge(double, REFERENCE).passed


def test_forged_frames_are_no_pass(judge, double):
    source = """
import gc, types
def solve(x, scale=2.0):
    from verifiers.tree import encode
    import inspect
    frame = inspect.currentframe()
    while frame:
        send = frame.f_locals.get("send")
        if callable(send):
            for name in ("example", "values"):
                send(encode({"frame": "check", "name": name, "outcomes": [], "memory": False}))
            send(encode({"frame": "end"}))
            import os
            os._exit(0)
        frame = frame.f_back
    return x
"""
    assert not judge.judge(double, source).passed


@pytest.mark.skipif(not isolation().complete, reason="the files are hidden only by bwrap")
def test_neither_drills_nor_home_can_be_found_inside(judge, double, whetstone_home):
    hidden = [double.folder, get_drill("softmax_temperature").spec.folder, whetstone_home]
    probe = f"""
import os
for path in {[str(path) for path in hidden]!r}:
    if os.path.exists(path):
        raise RuntimeError(path)
try:
    import drills
except ImportError:
    pass
else:
    raise RuntimeError("drills can be imported")
"""
    assert judge.judge(double, probe + REFERENCE).passed


def test_a_broken_drill_is_our_fault(judge, tmp_path):
    broken = make_drill(
        tmp_path / "broken", checks='@check("x")\ndef x(s, d): pass', reference=REFERENCE
    )
    verdict = judge.judge(broken, REFERENCE)
    assert verdict.verdict == "judge_error"
    assert "not your code" in verdict.message


def test_classes_and_state_over_several_calls_are_judged(judge, tmp_path):
    counter = (
        "class solve:\n    def __init__(self, start): self.n = start\n"
        "    def add(self, x):\n        self.n += x\n        return self.n\n"
    )
    checks = """
        @check("several calls")
        def several(solution, draw):
            counter = solution(draw.integer(1, 9))
            yield Case("three calls", [counter.add(draw.integer(1, 9)) for _ in range(3)])
    """
    drill = make_drill(tmp_path / "counter", checks=checks, reference=counter)
    assert judge.judge(drill, counter).passed
    forgetful = counter.replace("self.n += x\n        return self.n", "return self.n + x")
    assert judge.judge(drill, forgetful).verdict == "failed"


def test_a_sampler_is_judged_by_its_law(judge, tmp_path):
    checks = """
        from verifiers.statistics import same_distribution

        @check("law", judge=same_distribution())
        def law(solution, draw):
            p = [0.5, 0.3, 0.2]
            counts = np.bincount([solution(p) for _ in range(4000)], minlength=3).tolist()
            yield Case("4,000 draws", {"counts": counts, "probabilities": p})
    """
    right = "import random\ndef solve(p): return random.choices(range(3), p)[0]"
    drill = make_drill(tmp_path / "sampler", checks=checks, reference=right)
    assert judge.judge(drill, right).passed
    other = "import numpy as np\ndef solve(p): return int(np.random.choice(3, p=p))"
    assert judge.judge(drill, other).passed
    wrong = "import random\ndef solve(p): return random.randrange(3)"
    verdict = judge.judge(drill, wrong)
    assert verdict.verdict == "failed"
    assert "do not follow the law" in verdict.checks[0].detail


def test_a_cost_is_judged(judge, tmp_path):
    checks = """
        from verifiers.costs import Meter

        @check("never builds the N × N matrix", judge=lambda seen, wanted:
               None if seen["largest"] <= 4 * wanted["largest"] else "builds a large tensor")
        def memory(solution, draw):
            x = draw.normal(64)
            with Meter() as meter:
                solution(x)
            yield Case("64 numbers", {"largest": meter.largest})
    """
    right = "def solve(x): return x.sum() ** 2"
    drill = make_drill(tmp_path / "cost", checks=checks, reference=right)
    assert judge.judge(drill, right).passed
    assert judge.judge(drill, "def solve(x): return (x[:, None] * x).sum()").verdict == "failed"


def test_banned_calls_get_their_own_verdict(judge, tmp_path):
    drill = make_drill(
        tmp_path / "banned",
        checks=CHECKS,
        reference=REFERENCE,
        forbidden=("torch.mul", "torch.Tensor.mul", "peft"),
    )
    static = judge.judge(drill, "import torch\ndef solve(x, scale=2.0): return torch.mul(x, scale)")
    hidden = judge.judge(drill, "def solve(x, scale=2.0): return getattr(x, 'mu' + 'l')(scale)")
    package = judge.judge(drill, f"exec('import ' + 'pe' + 'ft')\n{REFERENCE}")
    assert [v.verdict for v in (static, hidden, package)] == ["forbidden"] * 3
    assert "line 2" in static.message


def test_a_verdict_survives_the_journey_as_json(judge, double):
    verdict = judge.judge(double, "def solve(x, scale=2.0): return x * 2")
    assert Verdict.from_dict(verdict.to_dict()) == verdict


def test_many_submissions_in_a_row_leave_nothing_behind(judge, double):
    for source in itertools.islice(
        itertools.cycle([REFERENCE, "1/0", "import os\nos._exit(3)"]), 30
    ):
        judge.judge(double, source)
    assert judge.judge(double, REFERENCE).passed


def test_stops_at_the_first_failing_check_where_the_rest_is_not_wanted(judge):
    spec = get_drill("softmax_temperature").spec
    wrong = "def softmax_temperature(logits, temperature, dim=-1):\n    return logits\n"
    whole = judge.judge(spec, wrong, seed=1)
    short = judge.judge(spec, wrong, seed=1, diagnose=False, to_the_end=False)
    assert short.verdict == whole.verdict == "failed"
    assert short.checks == whole.checks[:1] and len(whole.checks) > 1
    assert judge.judge(spec, spec.reference_path.read_bytes(), seed=1).passed
