"""What goes into the store comes out again, at once, as typed summaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store import Attempt, DrillState, Store
from app.store.codec import from_line, to_line
from app.store.records import RECORDS, Answer, Event, Record, Review, SelfAssessment
from verifiers.verdict import KINDS, CheckResult, Diagnosis, Kind, Verdict

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock):
    with Store.open(now=clock, zone=UTC) as opened:
        yield opened


def verdict(kind: Kind = "failed", drill: str = "rope") -> Verdict:
    return Verdict(
        drill,
        kind,
        seed=2**63 - 1,
        device="cpu",
        wall_ms=12.5,
        checks=(CheckResult("values", True), CheckResult("edge", False, "at [0] expected 1")),
        diagnosis=Diagnosis(None, "off by one"),
        printed="hello\n",
        message="one check failed",
    )


def test_an_attempt_comes_back_as_it_was_recorded(store: Store):
    written = store.record_attempt(verdict(), "def f(): …")
    assert store.attempts() == [written]
    assert written and written.checks == verdict().checks
    assert written.diagnosis == verdict().diagnosis
    assert (written.source, written.happened_at) == ("def f(): …", NOON)
    assert store.attempt(written.id) == written
    assert store.attempt(uuid4()) is None


def test_a_fault_of_the_judge_is_never_recorded(store: Store):
    assert store.record_attempt(verdict("judge_error"), "pass") is None
    assert store.attempts() == []
    with pytest.raises(ValueError, match="fault of the judge"):
        Attempt.of(verdict("judge_error"), "pass", uuid4(), NOON)


def test_the_same_submission_twice_is_one_attempt(store: Store):
    same = uuid4()
    store.record_attempt(verdict("failed"), "first", submission_id=same)
    store.record_attempt(verdict("passed"), "second", submission_id=same)
    assert [attempt.source for attempt in store.attempts()] == ["first"]


@pytest.mark.parametrize("source", [b"\xff\xfe\x00bytes", "lone \ud800 surrogate", "", "\0"])
def test_a_source_that_is_not_text_is_kept_as_well_as_text_can(store: Store, source: str | bytes):
    store.record_attempt(verdict("syntax_error"), source)
    assert len(store.attempts()) == 1


def test_attempts_come_newest_first_by_drill_and_in_pages(store: Store, clock: Clock):
    for number in range(5):
        clock.now = NOON + timedelta(minutes=number)
        store.record_attempt(verdict(drill="rope" if number % 2 else "lora"), str(number))
    assert [attempt.source for attempt in store.attempts()] == list("43210")
    assert [attempt.source for attempt in store.attempts("rope")] == list("31")
    assert [attempt.source for attempt in store.attempts(limit=2, offset=1)] == list("32")
    assert len(store.attempts(limit=None)) == 5


def test_two_stores_in_one_process_see_each_other_at_once(store: Store):
    with Store.open() as other:
        for number in range(3):
            (store if number % 2 else other).record_event("seen", "", number)
            assert len(store.events("seen")) == len(other.events("seen")) == number + 1


def test_drill_states_tell_new_tried_and_passed_apart(store: Store, clock: Clock):
    store.record_attempt(verdict("failed", "rope"), "")
    store.record_attempt(verdict("passed", "lora"), "")
    clock.now += timedelta(hours=1)
    store.record_attempt(verdict("time_limit", "lora"), "")
    states = store.drill_states(["rope", "lora", "softmax"])
    assert [states[drill].state for drill in ("softmax", "rope", "lora")] == [
        "new",
        "tried",
        "passed",
    ]
    lora = states["lora"]
    assert (lora.attempts, lora.passes, lora.last_verdict) == (2, 1, "time_limit")
    assert (lora.first_passed_at, lora.last_at) == (NOON + timedelta(microseconds=1), clock.now)


@pytest.mark.parametrize(("hours", "unaided"), [(1, False), (19, False), (21, True)])
def test_a_pass_soon_after_giving_up_does_not_count_as_unaided(
    store: Store, clock: Clock, hours: int, unaided: bool
):
    store.record_event("gave_up", "rope")
    store.record_event("hint_shown", "rope", {"hint": 1})
    clock.now += timedelta(hours=hours)
    store.record_attempt(verdict("passed"), "")
    state = store.drill_states()["rope"]
    assert (state.unaided, state.gave_up, state.hints_shown) == (unaided, True, 1)


def test_a_pass_before_giving_up_counts_as_unaided(store: Store, clock: Clock):
    store.record_attempt(verdict("passed"), "")
    clock.now += timedelta(hours=1)
    store.record_event("gave_up", "rope")
    assert store.drill_states()["rope"].unaided


def test_a_drill_only_given_up_on_has_a_state_without_attempts(store: Store):
    store.record_event("gave_up", "rope")
    assert store.drill_states()["rope"] == DrillState("rope", gave_up=True)


def test_answers_and_how_each_question_went(store: Store, clock: Clock):
    for day, correct in ((0, False), (1, True), (20, True), (21, None)):
        clock.now = NOON + timedelta(days=day)
        store.record_answer(
            "kv_bytes",
            {"value": 1.5, "unit": "GiB"},
            kind="numeric",
            correct=correct,
            score=0.25,
            params_seed=9,
            took_ms=1200.0,
        )
    newest, *_ = store.answers("kv_bytes")
    assert (newest.given, newest.score, newest.params_seed) == (
        {"value": 1.5, "unit": "GiB"},
        0.25,
        9,
    )
    state = store.question_states()["kv_bytes"]
    assert (state.answers, state.correct, state.last_correct) == (4, 2, None)
    assert state.first_correct_at == NOON + timedelta(days=1)
    assert state.last_correct_at == NOON + timedelta(days=20)
    assert store.answers("another") == []


def test_the_latest_card_of_each_item_comes_back_the_most_overdue_first(store: Store, clock: Clock):
    due = NOON + timedelta(days=3)
    store.record_review("question", "kv_bytes", 1, '{"n": 1}', due)
    clock.now += timedelta(minutes=1)
    store.record_review("question", "kv_bytes", 3, '{"n": 2}', due + timedelta(days=4))
    store.record_review("drill", "kv_bytes", 4, '{"n": 3}', due)
    drill, question = store.review_cards()
    assert (drill.item_kind, drill.card, drill.reviews) == ("drill", '{"n": 3}', 1)
    assert (question.card, question.reviews, question.last_rating) == ('{"n": 2}', 2, 3)
    assert question.due == due + timedelta(days=4)
    assert [card.item_kind for card in store.review_cards(due_by=due)] == ["drill"]
    assert [review.rating for review in store.reviews("question", "kv_bytes")] == [1, 3]


def test_the_last_self_assessment_and_setting_hold_even_if_the_clock_goes_back(
    store: Store, clock: Clock
):
    for step, level in enumerate((1, 4, 2)):
        clock.now = NOON - timedelta(days=step)
        store.record_self_assessment("rag", level)
        store.set_setting("theme", {"level": level})
    assert store.self_assessments()["rag"].level == 2
    with Store.open(now=lambda: NOON - timedelta(days=9)) as later:
        later.set_setting("theme", None)
        later.record_self_assessment("rag", 0)
    assert store.settings() == {"theme": None}
    assert store.self_assessments()["rag"].level == 0
    assert store.setting("unknown", "default") == "default"


def test_interviews_come_back(store: Store):
    store.record_interview("mixed", 1800.0, {"questions": ["a", "b"]})
    (interview,) = store.interviews()
    assert (interview.kind, interview.seconds) == ("mixed", 1800.0)
    assert interview.payload == {"questions": ["a", "b"]}


def test_several_reads_share_a_session_and_see_what_was_written_within_it(store: Store):
    with store.reading():
        assert store.events("seen") == []
        store.record_event("seen")
        assert len(store.events("seen")) == 1
        store.set_setting("a", 1)
        assert store.setting("a") == 1
    assert len(store.events("seen")) == 1


def test_an_error_within_a_session_loses_nothing(store: Store):
    with pytest.raises(RuntimeError), store.reading():
        store.record_event("seen")
        assert len(store.events("seen")) == 1
        raise RuntimeError("a page failed while drawing")
    assert len(store.events("seen")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Review(item_kind="drill", item="x", rating=5, card="", due=NOON),
        lambda: SelfAssessment(skill="rag", level=-1),
        lambda: to_line(Event(kind="x", payload=float("nan"))),
    ],
)
def test_a_value_out_of_range_is_refused_when_it_is_recorded(wrong):
    with pytest.raises(ValueError):
        wrong()


# Whatever decodes can be inserted: a line that could not be would block every reader for good.

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
texts = st.text(st.characters(codec=None), max_size=20)
times = st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))
records = st.one_of(
    st.builds(
        Attempt,
        drill=texts,
        verdict=st.sampled_from([kind for kind in KINDS if kind != "judge_error"]),
        seed=st.integers(-(2**63), 2**63 - 1),
        device=texts,
        wall_ms=st.floats(allow_nan=False, allow_infinity=False),
        source=texts,
        checks=st.lists(st.builds(CheckResult, texts, st.booleans(), texts), max_size=2).map(tuple),
        diagnosis=st.none() | st.builds(Diagnosis, st.none() | texts, texts),
        happened_at=times,
    ),
    st.builds(Event, kind=texts, subject=texts, payload=json_values, happened_at=times),
    st.builds(
        Answer,
        question=texts,
        kind=texts,
        given=json_values,
        correct=st.none() | st.booleans(),
        happened_at=times,
    ),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(records, min_size=10, max_size=20))
def test_any_record_survives_the_line_and_the_database(store: Store, written: list[Record]):
    decoded = [from_line(to_line(record)) for record in written]
    for record in decoded:
        assert from_line(to_line(record)) == record
    store._journal.append(*decoded)
    held = {
        Attempt: {found.id: found for found in store.attempts(limit=None)},
        Answer: {found.id: found for found in store.answers(limit=None)},
    }
    for record in decoded:
        if isinstance(record, Event):
            held[Event] = {found.id: found for found in store.events(record.kind)}
        assert held[type(record)][record.id] == record


def test_a_new_store_holds_a_table_for_every_kind_of_record(store: Store):
    assert store.inventory().records == {record.TABLE: 0 for record in RECORDS}
