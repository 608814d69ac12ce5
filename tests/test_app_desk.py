"""The desk: each submission is judged once, recorded once, and outlives the page it came from."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest

from app.ui import desk as desk_module
from app.ui.desk import Desk, Ticket
from verifiers.spec import DrillSpec
from verifiers.verdict import CheckResult, Verdict

ROPE = DrillSpec("rope", Path("rope"), "apply_rope")
LORA = DrillSpec("lora", Path("lora"), "lora_forward")
FIRST_CHECK = CheckResult("values", True)


class GatedJudge:
    """A judge that answers when the gate opens, so that a test decides how long judging takes."""

    def __init__(self, verdict: str = "failed") -> None:
        self.verdict = verdict
        self.gate = threading.Event()
        self.checked = threading.Event()
        self.judged: list[str] = []
        self.warm_ups = 0
        self.ready = False
        self.closed = False

    def warm_up(self) -> None:
        self.warm_ups += 1

    def judge(self, spec, source, *, on_check=None):
        self.judged.append(source)
        on_check(FIRST_CHECK)
        self.checked.set()
        assert self.gate.wait(30)
        if self.verdict == "raises":
            raise RuntimeError("pipe broke")
        return Verdict(spec.id, self.verdict, 1, "cpu", 2.0, (FIRST_CHECK,))

    def run_example(self, spec, source):
        return self.judge(spec, source, on_check=lambda check: None)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def judge():
    judge = GatedJudge()
    yield judge
    judge.gate.set()


@pytest.fixture
def recorded():
    return []


@pytest.fixture
def desk(judge, recorded):
    return Desk(judge, lambda ticket, verdict: recorded.append((ticket.id, verdict.verdict)))


def finish(judge: GatedJudge, ticket: Ticket) -> Ticket:
    judge.gate.set()
    assert ticket.wait(30)
    return ticket


def test_the_same_submission_id_is_judged_and_recorded_once(desk, judge, recorded, monkeypatch):
    monkeypatch.setattr(desk_module, "REPEAT_SECONDS", 0.0)  # the id alone must do
    action = uuid4()
    first = desk.take("tab", ROPE, "code", "submit", action)
    assert desk.take("tab", ROPE, "code", "submit", action) is first
    finish(judge, first)
    assert desk.take("tab", ROPE, "code", "submit", action) is first
    assert judge.judged == ["code"]
    assert recorded == [(action, "failed")]


def test_a_second_click_while_the_first_is_judged_gets_its_ticket(desk, judge):
    first = desk.take("tab", ROPE, "code", "submit", uuid4())
    assert desk.take("tab", ROPE, "other code", "submit", uuid4()) is first
    assert desk.take("tab", ROPE, "code", "run", uuid4()) is first
    assert finish(judge, first).source == "code"


def test_the_same_code_right_after_its_verdict_is_a_second_click(desk, judge, recorded):
    first = finish(judge, desk.take("tab", ROPE, "code", "submit", uuid4()))
    assert desk.take("tab", ROPE, "code", "submit", uuid4()) is first
    assert len(recorded) == 1


def test_the_same_code_later_is_a_second_try(desk, judge, recorded, monkeypatch):
    monkeypatch.setattr(desk_module, "REPEAT_SECONDS", 0.0)
    first = finish(judge, desk.take("tab", ROPE, "code", "submit", uuid4()))
    second = finish(judge, desk.take("tab", ROPE, "code", "submit", uuid4()))
    assert second is not first
    assert len(recorded) == 2


def test_changed_code_right_after_a_verdict_is_judged(desk, judge):
    finish(judge, desk.take("tab", ROPE, "code", "submit", uuid4()))
    finish(judge, desk.take("tab", ROPE, "better code", "submit", uuid4()))
    assert judge.judged == ["code", "better code"]


def test_other_tabs_and_other_drills_do_not_wait(desk):
    tickets = {
        desk.take("tab", ROPE, "code", "submit", uuid4()),
        desk.take("tab", LORA, "code", "submit", uuid4()),
        desk.take("other tab", ROPE, "code", "submit", uuid4()),
    }
    assert len(tickets) == 3


def test_checks_are_seen_before_the_verdict(desk, judge):
    ticket = desk.take("tab", ROPE, "code", "submit", uuid4())
    assert judge.checked.wait(30)
    assert ticket.running
    assert ticket.verdict is None
    assert ticket.checks == (FIRST_CHECK,)


def test_the_newest_ticket_of_a_tab_and_drill_is_found_again(desk, judge):
    assert desk.latest("tab", "rope") is None
    first = finish(judge, desk.take("tab", ROPE, "code", "run", uuid4()))
    desk.take("tab", LORA, "code", "run", uuid4())
    assert desk.latest("tab", "rope") is first
    newer = desk.take("tab", ROPE, "code 2", "run", uuid4())
    assert desk.latest("tab", "rope") is newer
    assert desk.latest("other tab", "rope") is None


def test_running_the_example_is_not_recorded(desk, judge, recorded):
    finish(judge, desk.take("tab", ROPE, "code", "run", uuid4()))
    assert recorded == []


def test_our_own_fault_is_a_verdict_and_is_not_recorded(desk, judge, recorded):
    judge.verdict = "raises"
    ticket = finish(judge, desk.take("tab", ROPE, "code", "submit", uuid4()))
    assert ticket.verdict.verdict == "judge_error"
    assert "pipe broke" in ticket.verdict.message
    assert recorded == []


def test_a_verdict_that_cannot_be_saved_is_shown_with_the_reason(judge):
    def full(ticket, verdict):
        raise OSError("the disk is full")

    ticket = finish(judge, Desk(judge, full).take("tab", ROPE, "code", "submit", uuid4()))
    assert ticket.verdict.verdict == "failed"
    assert ticket.problem == "the disk is full"


def test_a_verdict_is_recorded_before_it_is_announced(judge):
    announced = []
    desk = Desk(judge, lambda ticket, verdict: announced.append(ticket.running))
    finish(judge, desk.take("tab", ROPE, "code", "submit", uuid4()))
    assert announced == [True]


def test_old_tickets_are_forgotten(desk, judge, monkeypatch):
    monkeypatch.setattr(desk_module, "KEEP_TICKETS", 2)
    judge.gate.set()
    for name in ("a", "b", "c"):
        finish(judge, desk.take(name, ROPE, name, "run", uuid4()))
    assert desk.latest("a", "rope") is None
    assert desk.latest("b", "rope") is not None


def test_the_judge_is_warmed_up_once_and_the_desk_says_how_far_it_is(desk, judge):
    assert desk.status == "cold"
    desk.warm_up()
    desk.warm_up()
    assert judge.warm_ups == 1
    assert desk.status == "starting"
    judge.ready = True
    assert desk.status == "ready"
    desk.close()
    assert judge.closed
