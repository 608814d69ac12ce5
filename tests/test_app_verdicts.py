"""A verdict on the page: nothing a submission wrote becomes markup."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app import i18n
from app.ui import verdicts
from app.ui.cards import verdict_tone
from verifiers.verdict import KINDS, CheckResult, Diagnosis, Verdict

EVIL = "<img src=x onerror=alert(1)><b>bold</b>"
VERDICT = Verdict(
    "rope",
    "failed",
    7,
    "cpu",
    12.4,
    (CheckResult(EVIL, False, EVIL), CheckResult("gradients", True, "hidden when passed")),
    Diagnosis("no_scale", "You forgot the **scale**."),
    EVIL,
    EVIL,
)


@pytest.fixture(autouse=True)
def english():
    i18n.use_language(lambda: "en")


def page() -> None:
    from test_app_verdicts import VERDICT

    from app.ui import verdicts

    verdicts.draw(VERDICT, problem="the disk is full")


@pytest.fixture
def drawn():
    at = AppTest.from_function(page, default_timeout=60).run()
    assert not at.exception
    return at


def test_what_a_submission_wrote_is_escaped_everywhere(drawn):
    html = "".join(element.proto.body for element in drawn.main.get("html"))
    assert "<img" not in html
    assert "<b>bold" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 4  # name, detail, message, printed


def test_the_verdict_the_diagnosis_and_the_checks_are_all_there(drawn):
    html = "".join(element.proto.body for element in drawn.main.get("html"))
    assert "Not yet right" in html
    assert "1 of 2 checks passed" in html
    assert "12 ms" in html
    assert "seed 7" in html
    assert "hidden when passed" not in html
    assert [element.value for element in drawn.markdown] == ["You forgot the **scale**."]
    assert "the disk is full" in drawn.warning[0].value


@pytest.mark.parametrize("kind", KINDS)
def test_every_verdict_has_a_name_and_a_tone(kind):
    assert verdicts.banner(Verdict("rope", kind, 0, "cpu", 0.0))
    assert (verdict_tone(kind) == "good") == (kind == "passed")
