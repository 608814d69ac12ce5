"""Reviews: FSRS intervals, one queue for questions and drills, budget, interview date, store."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from app.reviews import Reviews, interval_words, item_of, next_seed
from app.store import Store
from drills.catalogue import all_drills
from question_bank.catalogue import all_questions, get_question, grade_answer, show_question
from question_bank.forecast import Reviewed, forecast, measured_retention
from question_bank.scheduler import (
    AGAIN,
    EASY,
    GOOD,
    HARD,
    Item,
    Plan,
    card_from,
    is_due,
    new_card,
    preview,
    queue,
    rate,
    rating_of_answer,
    rating_of_drill,
    recall,
)
from verifiers.verdict import Verdict

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
DRILL_ID = next(iter(all_drills()))
PLAN = Plan()
QUESTION, DRILL = Item("question", "kv_cache_size", "memory"), Item("drill", "rope", "attention")


def learnt(item=QUESTION, ratings=(GOOD, GOOD, GOOD), plan=PLAN, now=NOW):
    """A card after reviews, each done when due, and the time of the last one."""
    card, at = new_card(item, now), now
    for rating in ratings:
        at = max(at, card.due)
        card = rate(card, rating, at, plan)
    return card, at


def test_a_preview_is_what_then_happens_and_changes_nothing():
    card, _ = learnt()
    before = card.state
    ahead = preview(card, card.due, PLAN)
    assert {r: rate(card, r, card.due, PLAN).due - card.due for r in ahead} == ahead
    assert card.state == before
    assert ahead[AGAIN] < ahead[HARD] < ahead[GOOD] < ahead[EASY]


def test_intervals_grow_with_recall_and_collapse_with_a_lapse():
    card, at = learnt(ratings=(GOOD, GOOD, GOOD, GOOD))
    assert card.due - at > 20 * DAY
    lapsed = rate(card, AGAIN, card.due, PLAN)
    assert lapsed.due - card.due == timedelta(minutes=10)


def test_a_card_is_due_when_recall_has_fallen_to_what_was_asked_for():
    for wanted in (0.8, 0.9, 0.95):
        card, _ = learnt(ratings=(GOOD,) * 3, plan=Plan(retention=wanted))
        assert recall(card, card.due) == pytest.approx(wanted, abs=0.02)


def test_a_failed_drill_returns_sooner_and_in_days_rather_than_minutes():
    ahead = preview(new_card(DRILL, NOW), NOW, PLAN)
    assert ahead == {AGAIN: DAY, HARD: 2 * DAY, GOOD: 3 * DAY, EASY: ahead[EASY]}
    assert ahead[EASY] > 5 * DAY
    card, _ = learnt(DRILL)
    assert rate(card, AGAIN, card.due, PLAN).due - card.due == DAY


def test_an_interview_date_brings_everything_back_before_it():
    plan = Plan(interview=date(2026, 3, 12))
    for number in range(40):
        item = Item("question", f"q{number}")
        for rating in (AGAIN, HARD, GOOD, EASY):
            card, at = learnt(item, (GOOD, GOOD, rating), plan)
            assert card.due.date() < plan.interview, (item, rating)
            assert card.due > at


def test_cards_scheduled_past_an_interview_come_forward_spread_over_days():
    cards = [learnt(Item("question", f"q{n}"), (GOOD,) * 5)[0] for n in range(60)]
    last = max(card.last_review for card in cards)
    plan = Plan(interview=(last + 20 * DAY).date())
    days = [next(d for d in range(1, 20) if is_due(card, last + d * DAY, plan)) for card in cards]
    assert max(days) < 20
    assert max(days.count(day) for day in days) < 30
    assert len(set(days)) >= 4


def test_a_past_interview_changes_nothing():
    assert learnt(plan=Plan(interview=date(2026, 1, 1)))[0] == learnt()[0]


def test_the_queue_takes_the_most_forgotten_first_within_the_budget():
    cards = [learnt(Item("question", f"q{n}"), (GOOD, GOOD))[0] for n in range(9)]
    cards.append(learnt(Item("question", "long"), (GOOD,) * 4)[0])
    later = NOW + 200 * DAY
    chosen = queue(cards, later, Plan(daily_budget=4), done_today=1)
    assert len(chosen) == 3
    chances = [recall(card, later) for card in chosen]
    assert chances == sorted(chances)
    assert "long" not in {card.item.id for card in chosen}


def test_cards_failed_today_come_back_even_when_the_budget_is_spent():
    card, at = learnt(ratings=(GOOD, GOOD, AGAIN))
    assert queue([card], at + timedelta(minutes=11), Plan(daily_budget=1), done_today=5) == [card]
    assert queue([card], at + timedelta(minutes=5), Plan(daily_budget=1)) == []


def test_neighbours_in_the_queue_differ_in_topic_where_they_can():
    items = [Item("question", f"{t}{n}", t) for t in ("a", "b", "c") for n in range(4)]
    cards = [learnt(item, (GOOD, GOOD))[0] for item in items]
    topics = [card.item.topic for card in queue(cards, NOW + 30 * DAY, PLAN)]
    assert len(topics) == 12
    assert sum(a == b for a, b in pairwise(topics)) <= 3


def test_suggested_ratings_follow_the_outcome():
    assert rating_of_answer(True, 1) == GOOD
    assert rating_of_answer(False, 0.8) == HARD
    assert rating_of_answer(False, 0.2) == AGAIN
    assert rating_of_drill(passed=True, failures=1, hints=0) == GOOD
    assert rating_of_drill(passed=True, failures=3, hints=0) == HARD
    assert rating_of_drill(passed=True, failures=0, hints=1) == HARD
    assert rating_of_drill(passed=False, failures=0, hints=0) == AGAIN


def test_senseless_settings_and_states_are_refused():
    for settings in ({"retention": 1.0}, {"daily_budget": 0}, {"new_per_day": -1}):
        with pytest.raises(ValueError):
            Plan(**settings)
    with pytest.raises(ValueError):
        card_from(QUESTION, "{}")
    with pytest.raises(ValueError):
        rate(new_card(QUESTION, NOW), 5, NOW, PLAN)


def test_measured_retention_leaves_out_first_reviews_and_repeats_within_a_day():
    ratings = [(0, GOOD), (0, AGAIN), (3, GOOD), (3, AGAIN), (8, AGAIN), (9, EASY)]
    weeks = measured_retention(Reviewed(QUESTION, NOW + d * DAY, r) for d, r in ratings)
    assert [(week.reviews, week.recalled) for week in weeks] == [(1, 1), (2, 1)]
    assert weeks[0].monday == date(2026, 3, 2)
    assert weeks[1].retention == 0.5


def test_the_forecast_counts_what_is_overdue_today_and_lets_memory_fade():
    cards = [learnt(Item("question", f"q{n}"))[0] for n in range(20)]
    start = max(card.due for card in cards)
    ahead = forecast(cards, start, PLAN, days=30)
    assert ahead[0].reviews >= 20
    assert ahead[0].day == start.date()
    recalls = [day.recall for day in ahead]
    assert recalls == sorted(recalls, reverse=True)
    assert ahead == forecast(cards, start, PLAN, days=30)


class Clock:
    """A clock that tests move by hand."""

    def __init__(self):
        self.time = NOW

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reviews(clock):
    with Store.open(now=clock) as store:
        yield Reviews(store, now=clock)


def test_practice_puts_a_question_into_the_queue_once(reviews, clock):
    question = get_question("full_tuning_7b")
    shown = show_question(question, 1)
    grade = grade_answer(shown, "112 GB")
    reviews.record_answer(shown, "112 GB", grade)
    card = reviews.practised(question, grade)
    assert card.due == NOW + timedelta(minutes=10)
    assert reviews.practised(question, grade) is None
    clock.time += timedelta(minutes=10)
    assert [c.item.id for c in reviews.session().due] == ["full_tuning_7b"]
    assert next_seed(reviews.store.answers(question.id)) == 2


def test_an_answer_that_was_not_understood_leaves_no_trace(reviews):
    question = get_question("full_tuning_7b")
    shown = show_question(question, 1)
    grade = grade_answer(shown, "lots")
    assert reviews.record_answer(shown, "lots", grade) is None
    assert reviews.practised(question, grade) is None
    assert reviews.store.answers() == []
    assert reviews.store.review_cards() == []


def test_a_session_goes_on_after_a_restart(reviews, clock):
    names = list(all_questions())[:4]
    for name in names:
        reviews.rate(item_of(get_question(name)), GOOD)
    clock.time += timedelta(minutes=11)
    reviews.rate(item_of(get_question(names[0])), GOOD)
    with Store.open(now=clock) as other:
        left = {card.item.id for card in Reviews(other, now=clock).session().due}
    assert left == set(names[1:])


def test_new_questions_are_limited_by_the_day(reviews, clock):
    reviews.store.set_setting("review.new_per_day", 3)
    first = reviews.session()
    assert len(first.new) == 3
    assert [card.item for card in reviews.session().new] == [card.item for card in first.new]
    for card in first.new:
        reviews.rate(card.item, EASY)
    assert reviews.session().new == ()
    clock.time += DAY
    assert len(reviews.session().new) == 3


def test_drills_and_questions_share_the_queue(reviews, clock):
    reviews.rate(item_of(get_question("kv_cache_size")), EASY)
    verdict = Verdict(DRILL_ID, "passed", 1, "cpu", 20.0)
    reviews.store.record_attempt(verdict, "def f(): ...")
    assert reviews.drill_finished(DRILL_ID, passed=True).item.kind == "drill"
    assert reviews.drill_finished(DRILL_ID, passed=True) is None
    assert reviews.drill_finished("no_such_drill", passed=True) is None
    clock.time += 30 * DAY
    assert {card.item.kind for card in reviews.session().due} == {"question", "drill"}
    assert reviews.drill_finished(DRILL_ID, passed=False).due == clock.time + DAY


def test_a_drill_that_took_many_tries_or_hints_is_rated_hard(reviews, clock):
    for verdict in ("failed", "failed", "passed"):
        reviews.store.record_attempt(Verdict(DRILL_ID, verdict, 1, "cpu", 20.0), "x")
    reviews.drill_finished(DRILL_ID, passed=True)
    assert reviews.store.reviews("drill")[-1].rating == HARD


def test_senseless_settings_give_way_to_the_defaults(reviews):
    reviews.store.set_setting("review.retention", 7)
    assert reviews.plan() == Plan()
    reviews.store.set_setting("review.retention", 0.85)
    reviews.store.set_setting("interview.date", "2026-05-01")
    assert reviews.plan() == Plan(retention=0.85, interview=date(2026, 5, 1))
    reviews.store.set_setting("interview.date", "soon")
    assert reviews.plan().interview is None


def test_one_senseless_setting_leaves_the_others_alone(reviews):
    reviews.store.set_setting("review.retention", "much")
    reviews.store.set_setting("review.daily_budget", 7)
    reviews.store.set_setting("review.new_per_day", -3)
    plan = reviews.plan()
    assert (plan.retention, plan.daily_budget, plan.new_per_day) == (0.9, 7, 10)


def test_a_clock_that_was_put_back_breaks_nothing(reviews, clock):
    item = item_of(get_question("temperature_direction"))
    reviews.rate(item, GOOD)
    clock.time -= timedelta(days=3)
    assert reviews.preview(item)[GOOD] > timedelta(0)
    card = reviews.rate(item, GOOD)
    assert card.due > clock.time
    assert reviews.forecast()
    assert reviews.session().waiting == 0


def test_a_card_whose_question_is_gone_is_left_out(reviews):
    reviews.rate(Item("question", "no_longer_there"), GOOD)
    assert reviews.cards() == []


def test_intervals_in_words():
    words = {30: "1 min", 600: "10 min", 7200: "2 h", 3 * 86400: "3 d", 90 * 86400: "3.0 mo"}
    for seconds, text in words.items():
        assert interval_words(timedelta(seconds=seconds)) == text
