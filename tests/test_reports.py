"""What a child says besides its checks is read as if it were forged, for it may be."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifiers.reports import FORGED, READERS, read_report
from verifiers.tree import freeze

HONEST = [
    (
        {"frame": "syntax_error", "message": "invalid syntax", "line": 2, "text": "  x ="},
        "line 2: invalid syntax\n      x =",
    ),
    (
        {"frame": "syntax_error", "message": "null bytes", "line": None, "text": ""},
        "null bytes",
    ),
    ({"frame": "forbidden", "uses": [{"name": "torch.mul", "line": 3}]}, "torch.mul (line 3)"),
    ({"frame": "forbidden", "uses": [{"name": "torch.mul", "line": 0}]}, "torch.mul"),
    ({"frame": "no_entry", "defined": ["solve", "Helper"]}, "solve, Helper"),
    ({"frame": "no_entry", "defined": []}, "nothing"),
    (
        {"frame": "import_error", "raised": ["KeyError", "LookupError"], "message": "k", "line": 4},
        "KeyError in line 4 while the submission was loaded: k",
    ),
    (
        {"frame": "import_error", "raised": ["SystemExit"], "message": "", "line": None},
        "SystemExit while the submission was loaded",
    ),
    ({"frame": "end"}, ""),
]


@pytest.mark.parametrize(("frame", "text"), HONEST)
def test_honest_reports_are_read(frame, text):
    report = read_report(freeze(frame))
    assert (report.topic, report.text) == (frame["frame"], text)


parts = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.just("x\x1b[2J" * 300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
uses = st.lists(st.dictionaries(st.sampled_from(["name", "line"]), parts), max_size=2)
frames = st.fixed_dictionaries(
    {"frame": st.sampled_from([*READERS, "check", "forged"]) | parts},
    optional={
        "message": parts,
        "line": parts,
        "text": parts,
        "uses": parts | uses,
        "defined": parts | st.lists(st.text(max_size=300), max_size=100),
        "raised": parts | st.lists(st.text(max_size=300), max_size=3),
    },
)


@settings(max_examples=150, deadline=None)
@given(frames | parts)
def test_no_frame_whatever_raises_floods_or_steers_the_terminal(frame):
    report = read_report(freeze(frame))
    assert report is FORGED or report.topic == frame["frame"]
    assert len(report.text) < 2000
    assert not set(report.text) & set(map(chr, range(32))) - set(string.whitespace)


@pytest.mark.parametrize("topic", ["syntax_error", "forbidden", "no_entry", "import_error"])
def test_a_report_that_lacks_what_it_should_say_is_forged(topic):
    assert read_report({"frame": topic}) is FORGED
