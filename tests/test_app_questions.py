"""Questions and reviews in the app, run without a browser on a real store."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from app_pages import links, open_page, shown

from app.reviews import Reviews, item_of
from app.store import Store
from app.ui import formula_tex
from app.ui.question_view import beyond_heading
from app.ui.review_queue import choose, seed_for
from question_bank.catalogue import all_questions, get_question, right_answer, show_question
from question_bank.formula import parse, shared_judge
from question_bank.kinds import KINDS
from verifiers.service import JudgeService
from verifiers.verdict import CheckResult, Verdict

CHOICE = "temperature_direction"
PASSED = Verdict("softmax_temperature", "passed", 4, "cpu", 20.0, (CheckResult("values", True),))


@pytest.fixture(autouse=True)
def no_judge(monkeypatch):
    """A page that is only drawn need not start the judge, which takes seconds."""
    monkeypatch.setattr(JudgeService, "warm_up", lambda self: None)


@pytest.fixture
def progress():
    with Store.open() as store:
        yield store


def first_of(kind: str):
    return next(q for q in all_questions().values() if q.kind == kind)


def press(at, label: str):
    """Press the one button whose label begins so."""
    (button,) = [b for b in at.button if b.label.startswith(label)]
    return button.click().run()


def give(at, question, seed: int):
    """Give the right answer by the widgets of the page."""
    shown_ = show_question(question, seed)
    right = right_answer(shown_)
    key = f"q-{question.id}-{seed}"
    match question.kind:
        case "single" | "multiple" | "order":
            for i in right:
                at.button(key=f"{key}-option-{i}").click().run()
        case "match":
            for i, target in enumerate(right):
                at.selectbox(key=f"{key}-match-{i}").set_value(target).run()
        case "spot":
            at.number_input(key=f"{key}-line").set_value(right + 1)
        case "output":
            at.text_area(key=f"{key}-text").set_value(right)
        case "open":
            at.text_area(key=f"{key}-said").set_value("My <b>own</b> words.").run()
            at.button(key=f"{key}-reveal").click().run()
            for i in right:
                at.button(key=f"{key}-option-{i}").click().run()
        case _:
            at.text_input(key=f"{key}-text").set_value(right)
    return at.button(key=f"{key}-check").click().run()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_answered_explained_and_recorded(kind, progress):
    if kind == "formula":
        shared_judge()._warm()
    question = first_of(kind)
    at = give(open_page("questions", id=question.id, seed="5"), question, 5)
    assert not at.error
    assert not at.exception
    text = shown(at)
    assert '<b role="status">Right</b>' in text
    assert show_question(question, 5).explanation.strip() in text
    assert question.source.split(",")[0].split("&")[0] in text
    (answer,) = progress.answers(question.id)
    assert (answer.correct, answer.params_seed, answer.kind) == (True, 5, kind)
    assert Reviews(progress).card(item_of(question)) is not None
    again = shown(open_page("questions", id=question.id, seed="5"))
    assert '<b role="status">Right</b>' in again, "a reload shows the result"


def test_every_option_has_its_reason_in_the_result():
    question = get_question(CHOICE)
    text = shown(give(open_page("questions", id=CHOICE, seed="3"), question, 3))
    for option in question.body.options:
        assert option.why in text


def test_a_wrong_number_is_called_so_once():
    at = open_page("questions", id="full_tuning_7b", seed="1")
    at.text_input(key="q-full_tuning_7b-1-text").set_value("5 GB")
    text = shown(at.button(key="q-full_tuning_7b-1-check").click().run())
    assert text.count("Not right") == 1
    assert "Yours is 22.4 times too small." in text


def test_a_note_says_only_what_its_heading_has_not():
    assert beyond_heading("Right.", "Right") == ""
    assert beyond_heading("Right, every pair fits.", "Right") == "Every pair fits."
    assert beyond_heading("Right up to a factor: 2.", "Right") == "Right up to a factor: 2."
    assert beyond_heading("不对。差了 8 倍。", "不对") == "差了 8 倍。"


def test_a_formula_that_cannot_be_read_shows_its_caret_and_is_not_recorded(progress):
    question = get_question("kv_cache_formula")
    at = open_page("questions", id=question.id, seed="1")
    at.text_input(key="q-kv_cache_formula-1-text").set_value("2*L*h*+").run()
    text = shown(at)
    assert "2*L*h*+" in text
    assert "^</pre>" in text
    at.button(key="q-kv_cache_formula-1-check").click().run()
    assert progress.answers() == []
    assert "^</pre>" in shown(at)


def test_a_formula_is_drawn_as_it_was_read():
    symbols = ("L", "n_heads", "d")
    assert formula_tex.tex(parse("(L+2)*d^2/sqrt(n_heads)", symbols)) == (
        r"\frac{\left(L + 2\right) \cdot {d}^{2}}{\sqrt{n_{\mathrm{heads}}}}"
    )
    assert formula_tex.tex(parse("L-(d-1)", symbols)) == r"L - \left(d - 1\right)"
    assert formula_tex.tex(parse("(-L)^2", symbols)) == r"{\left(-L\right)}^{2}"
    assert formula_tex.tex(parse("-L^2", symbols)) == r"-{L}^{2}"


def test_a_parametrised_question_has_other_numbers_the_next_time():
    question = first_of("parametrised")
    at = give(open_page("questions", id=question.id), question, 1)
    press(at, "Another one like this")
    assert at.query_params["seed"] in ("2", ["2"])
    assert show_question(question, 2).prompt.strip() in shown(at)
    assert show_question(question, 2).prompt != show_question(question, 1).prompt


def test_the_list_is_filtered_by_what_the_address_says(progress):
    def ids(at) -> set[str]:
        found = links(at).items()
        cards = (address for label, address in found if not label.startswith("Practise"))
        return {address.split("id=")[1].split("&")[0] for address in cards if "id=" in address}

    assert ids(open_page("questions", kind="order", page="1")) == {
        q.id for q in all_questions().values() if q.kind == "order"
    }
    question = get_question(CHOICE)
    Reviews(progress).record_answer(
        shown_ := show_question(question, 1),
        right_answer(shown_),
        KINDS["single"].grade(shown_, right_answer(shown_)),
    )
    assert ids(open_page("questions", state="right")) == {CHOICE}
    assert "No question fits" in shown(open_page("questions", state="right", topic="attention"))
    assert not open_page("questions", kind="nonsense", page="x").error


def test_an_unknown_question_says_so_and_leads_on():
    at = open_page("questions", id="no-such-thing")
    assert at.title[0].value == "No such question"
    assert any(label.startswith("See all") for label in links(at))


def test_a_flag_is_recorded_once(progress):
    at = open_page("questions", id=CHOICE, seed="4")
    at.button(key="flag-send").click().run()
    (event,) = progress.events("question_unclear", CHOICE)
    assert event.payload["seed"] == 4
    assert "You flagged this question" in shown(at)


def test_follow_ups_come_one_by_one():
    question = first_of("open")
    at = give(open_page("questions", id=question.id, seed="2"), question, 2)
    assert "My &lt;b&gt;own&lt;/b&gt; words." in shown(at)
    first, second = question.body.follow_ups[:2]
    assert first.text not in shown(at)
    press(at, "Next follow-up")
    assert first.text in shown(at)
    assert second.text not in shown(at)


def test_a_review_is_answered_rated_and_goes_on(progress):
    at = open_page("review")
    first = Reviews(progress).session().new[0].item.id
    assert at.title[-1].value == get_question(first).title
    if get_question(first).kind == "formula":
        shared_judge()._warm()
    give(at, get_question(first), 1)
    assert Reviews(progress).cards() == [], "not rated yet"
    at = open_page("review")  # a visit without the address finds the answer that waits
    assert "How well did you know it?" in shown(at)
    at.button(key=f"rate-{first}-1-4").click().run()
    (review,) = progress.reviews()
    assert (review.item, review.rating) == (first, 4)
    assert at.title[-1].value != get_question(first).title


def test_a_rating_shows_when_the_card_comes_back():
    at = open_page("review")
    first = at.title[-1].value
    question = next(q for q in all_questions().values() if q.title == first)
    give(at, question, 1)
    labels = [b.label for b in at.button]
    assert [label for label in labels if label.startswith("Again · 1 min")]
    assert [label for label in labels if label.startswith("Good · 10 min")]


def test_an_answer_is_rated_once_and_the_next_seed_is_fresh(progress):
    from app.ui.review_queue import Turn
    from app.ui.review_view import rate

    queue = Reviews(progress)
    card = queue.session().new[0]
    shown_ = show_question(get_question(card.item.id), 1)
    grade = KINDS[shown_.question.kind].grade(shown_, right_answer(shown_))
    queue.record_answer(shown_, right_answer(shown_), grade)
    waits = choose(queue, queue.session(), None, ())
    assert waits is not None
    assert (waits.card.item, waits.seed) == (card.item, 1)
    rate(queue, Turn(card, 1), 1)
    rate(queue, Turn(card, 1), 1)
    assert len(progress.reviews()) == 1
    again = queue.card(card.item)
    assert again is not None
    assert seed_for(queue, again) == 2


def test_a_passed_drill_enters_the_queue_and_one_given_up_is_due_tomorrow(progress):
    at = open_page("drill", id="softmax_temperature")
    at.button(key="give-up").click().run()
    at.button(key="give-up-yes").click().run()
    (card,) = Reviews(progress).cards()
    assert card.item.kind == "drill"
    assert timedelta(hours=20) < card.due - datetime.now(UTC) < timedelta(hours=28)


def test_a_drill_that_is_due_is_shown_with_its_link_and_can_wait(progress):
    progress.record_attempt(PASSED, "code")
    long_ago = datetime.now(UTC) - timedelta(days=30)
    Reviews(progress, now=lambda: long_ago).drill_finished("softmax_temperature", passed=False)
    at = open_page("review")
    assert any("id=softmax_temperature" in address for address in links(at).values())
    press(at, "Later")
    assert not any("id=softmax_temperature" in address for address in links(at).values())
    assert "1 review is due" in shown(open_page("home"))


def test_settings_of_reviews_are_kept(progress):
    at = open_page("review", view="settings")
    at.number_input(key="review-new").set_value(0).run()
    at.slider(key="review-retention").set_value(95).run()
    plan = Reviews(progress).plan()
    assert (plan.new_per_day, plan.retention) == (0, 0.95)
    assert "Nothing is due now" in shown(open_page("review"))


def test_the_outlook_has_its_plots(progress):
    question = get_question(CHOICE)
    for days in (20, 12, 1):
        then = datetime.now(UTC) - timedelta(days=days)
        Reviews(progress, now=lambda then=then: then).rate(item_of(question), 3)
    at = open_page("review", view="outlook")
    assert len(at.get("plotly_chart")) == 3
    assert "100% recalled in 2 reviews" in shown(at)


def test_a_topic_shows_its_questions():
    found = links(open_page("topic", id="decoding"))
    assert any("questions" in address and "id=" in address for address in found.values())


def test_grading_never_keeps_a_page_waiting():
    from app.ui.grading import Grader

    shared_judge().close()
    grader = Grader()
    question = get_question("kv_cache_formula")
    shown_ = show_question(question, 1)
    started = time.monotonic()
    grade = grader.grade(shown_, "2*L*h*d*s*b*w", wait=0.0)
    assert grade is None
    while grade is None and time.monotonic() - started < 60:
        grade = grader.grade(shown_, "2*L*h*d*s*b*w", wait=1.0)
    assert grade is not None
    assert grade.correct
    grader.close()
