"""What is suggested today: unfinished work first, then what one is ready for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.store import DrillState
from app.ui.today import suggest
from drills.catalogue import Drill
from topics.catalogue import Lesson
from verifiers.spec import DrillSpec

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def drill(name: str, topic: str = "attention", needs: tuple[str, ...] = ()) -> Drill:
    spec = DrillSpec(name, None, name)  # type: ignore[arg-type]
    return Drill(name, topic, name, "standard", 20, (), needs, "", (), spec)


def lesson(name: str, needs: tuple[str, ...] = ()) -> Lesson:
    return Lesson(name, name, 1, 1, 15, "", (), needs, ())


def tried(name: str, minutes_ago: int = 0, passes: int = 0) -> DrillState:
    last = NOW - timedelta(minutes=minutes_ago)
    return DrillState(name, attempts=1, passes=passes, last_at=last)


def test_a_newcomer_starts_with_the_first_drill_and_lesson():
    found = suggest([drill("a"), drill("b")], [lesson("x"), lesson("y")], {}, ())
    assert found.unfinished is None
    assert found.next_drill.id == "a"
    assert found.next_lesson.id == "x"


def test_the_drill_tried_last_and_not_passed_is_continued():
    states = {"a": tried("a", 60), "b": tried("b", 5), "c": tried("c", 1, passes=1)}
    found = suggest([drill("a"), drill("b"), drill("c")], [], states, ())
    assert found.unfinished.id == "b"
    assert found.next_drill is None


def test_a_drill_of_a_topic_already_begun_comes_before_an_earlier_topic():
    drills = [drill("a", "memory"), drill("b", "peft"), drill("c", "peft")]
    found = suggest(drills, [], {"b": tried("b", passes=1)}, ())
    assert found.next_drill.id == "c"


def test_a_drill_whose_prerequisites_are_open_waits_for_one_that_is_ready():
    drills = [drill("hard", needs=("easy",)), drill("easy")]
    assert suggest(drills, [], {}, ()).next_drill.id == "easy"
    states = {"easy": tried("easy", passes=1)}
    assert suggest(drills, [], states, ()).next_drill.id == "hard"


def test_a_prerequisite_that_does_not_exist_yet_holds_nothing_up():
    drills = [drill("first", needs=("not written yet",)), drill("second")]
    assert suggest(drills, [], {}, ()).next_drill.id == "first"


def test_a_lesson_is_suggested_once_its_prerequisites_are_read():
    lessons = [lesson("late", needs=("early",)), lesson("early")]
    assert suggest([], lessons, {}, ()).next_lesson.id == "early"
    assert suggest([], lessons, {}, ("early",)).next_lesson.id == "late"
    assert suggest([], lessons, {}, ("early", "late")).next_lesson is None
