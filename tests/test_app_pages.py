"""The pages' logic, run without a browser on a real store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from app_pages import links, open_page, shown

from app.i18n import catalogue
from app.store import Store
from app.store.queries import AIDED
from app.store.records import utc_now
from app.ui.places import PLACES
from drills.catalogue import all_drills
from topics.catalogue import all_lessons
from topics.skills import all_skills
from verifiers.service import JudgeService
from verifiers.verdict import CheckResult, Diagnosis, Verdict

FAILED = Verdict(
    "softmax_temperature",
    "failed",
    3,
    "cpu",
    20.0,
    (CheckResult("values", False, "expected 1, got 2"),),
    Diagnosis("multiplies", "You multiply."),
)
PASSED = Verdict("softmax_temperature", "passed", 4, "cpu", 20.0, (CheckResult("values", True),))


@pytest.fixture(autouse=True)
def no_judge(monkeypatch):
    """A page that is only drawn need not start the judge, which takes seconds."""
    monkeypatch.setattr(JudgeService, "warm_up", lambda self: None)


@pytest.fixture
def progress():
    with Store.open() as store:
        yield store


def test_every_page_is_drawn_without_an_error():
    for place in PLACES:
        if place.file.exists():
            at = open_page(place.name)
            assert not at.exception, place.name
            assert not at.error, place.name
            assert at.title, place.name


def test_every_drill_and_every_topic_has_a_page():
    for drill in all_drills().values():
        at = open_page("drill", id=drill.id)
        assert at.title[0].value == drill.title
        assert not at.error, drill.id
    for lesson in all_lessons().values():
        at = open_page("topic", id=lesson.id)
        assert at.title[0].value == lesson.title
        assert not at.error, lesson.id


def test_a_newcomer_sees_three_steps_and_a_returning_learner_what_to_do(progress):
    assert "1. Read a lesson" in shown(open_page("home"))
    progress.record_attempt(FAILED, "code")
    text = shown(open_page("home"))
    assert "1. Read a lesson" not in text
    assert "Go on where you stopped" in text
    assert "Softmax with temperature" in text


def test_an_address_that_names_nothing_says_so_and_leads_on():
    for page, text in (("drill", "No such drill"), ("topic", "No such topic")):
        for parameters in ({}, {"id": "no-such-thing"}):
            at = open_page(page, **parameters)
            assert at.title[0].value == text
            assert not at.error
            assert any(label.startswith("See all") for label in links(at))


def drill_cards(at) -> set[str]:
    return {address.split("id=")[1] for address in links(at).values() if "id=" in address}


def test_drills_are_filtered_by_what_the_address_says(progress):
    progress.record_attempt(PASSED, "code")
    everything = drill_cards(open_page("drills"))
    assert everything == set(all_drills())
    assert drill_cards(open_page("drills", q="softmax temperature")) == {"softmax_temperature"}
    assert drill_cards(open_page("drills", state="passed")) == {"softmax_temperature"}
    assert drill_cards(open_page("drills", state="new")) == everything - {"softmax_temperature"}
    of_topic = {drill.id for drill in all_drills().values() if drill.topic == "memory"}
    assert drill_cards(open_page("drills", topic="memory")) == of_topic
    of_skill = {drill.id for drill in all_drills().values() if "peft" in drill.skills}
    assert drill_cards(open_page("drills", skill="peft")) == of_skill


def test_a_filter_with_nonsense_in_the_address_is_ignored():
    at = open_page("drills", topic="nonsense", state="nonsense", page="nonsense")
    assert drill_cards(at) == set(all_drills())
    assert not at.error


def test_a_search_without_a_match_says_so():
    assert "No drill fits these filters" in shown(open_page("drills", q="zzz"))


def test_choosing_a_filter_writes_it_into_the_address():
    at = open_page("drills")
    at.selectbox(key="filter-topic").set_value("memory").run()
    assert at.query_params["topic"] == "memory"
    at.selectbox(key="filter-topic").set_value("").run()
    assert "topic" not in at.query_params


def test_a_change_made_before_the_browser_knows_of_the_last_one_undoes_nothing():
    at = open_page("drills")
    at.text_input(key="filter-q").set_value("memory").run()
    at.query_params = {}  # what the browser still shows
    at.selectbox(key="filter-topic").set_value("memory").run()
    assert at.query_params == {"q": "memory", "topic": "memory"}
    at.query_params = {"q": "memory"}  # it has heard of one of the two
    at.selectbox(key="filter-topic").set_value("").run()
    assert at.query_params == {"q": "memory"}
    assert at.text_input(key="filter-q").value == "memory"


def test_back_takes_a_change_out_of_the_address_for_good():
    at = open_page("drills")
    at.text_input(key="filter-q").set_value("memory").run()
    at.query_params = {}
    at.run()
    assert at.text_input(key="filter-q").value == ""
    at.selectbox(key="filter-topic").set_value("memory").run()
    assert at.query_params == {"topic": "memory"}


def test_two_quick_changes_of_a_lab_both_count():
    at = open_page("lab_memory")
    at.select_slider(key="lab-memory-tp").set_value(2).run()
    at.query_params = {}
    at.toggle(key="lab-memory-compare").set_value(True).run()
    assert at.query_params == {"tp": "2", "compare": "1", "b_tp": "2"}
    at = open_page("lab_parallel")
    at.slider(key="lab-parallel-pp-stages").set_value(3).run()
    at.query_params = {}
    at.slider(key="lab-parallel-pp-micro_batches").set_value(9).run()
    assert at.query_params == {"stages": "3", "micro_batches": "9"}


def test_the_last_verdict_is_shown_to_a_new_visitor(progress):
    progress.record_attempt(FAILED, "mine = 1")
    at = open_page("drill", id="softmax_temperature")
    assert "Not yet right" in shown(at)
    assert "You multiply." in shown(at)
    assert "mine = 1" in [code.value for code in at.code]


def test_hints_come_one_at_a_time_and_are_recorded(progress):
    at = open_page("drill", id="softmax_temperature")
    hints = all_drills()["softmax_temperature"].hints
    assert hints[0] not in shown(at)
    at.button(key="show-hint").click().run()
    assert hints[0] in shown(at)
    assert hints[1] not in shown(at)
    events = progress.events("hint_shown", "softmax_temperature")
    assert [event.payload for event in events] == [{"hint": 1}]
    assert hints[0] in shown(open_page("drill", id="softmax_temperature"))


def test_the_reference_is_closed_until_a_pass(progress):
    drill = all_drills()["softmax_temperature"]
    at = open_page("drill", id=drill.id)
    assert drill.reference.strip() not in [code.value.strip() for code in at.code]
    progress.record_attempt(PASSED, "code")
    at = open_page("drill", id=drill.id)
    assert drill.reference.strip() in [code.value.strip() for code in at.code]


def test_giving_up_asks_and_is_recorded(progress):
    drill = all_drills()["softmax_temperature"]
    at = open_page("drill", id=drill.id)
    at.button(key="give-up").click().run()
    assert progress.events("gave_up") == []
    at.button(key="give-up-yes").click().run()
    assert [event.subject for event in progress.events("gave_up")] == [drill.id]
    assert drill.reference.strip() in [code.value.strip() for code in at.code]
    again = open_page("drill", id=drill.id)  # a reload does not ask a second time
    assert drill.reference.strip() in [code.value.strip() for code in again.code]


def test_who_gave_up_days_ago_is_asked_again(progress):
    drill = all_drills()["softmax_temperature"]
    long_ago = utc_now() - AIDED - timedelta(minutes=1)
    with Store.open(progress.home, now=lambda: long_ago) as earlier:
        earlier.record_event("gave_up", drill.id)
    at = open_page("drill", id=drill.id)
    assert drill.reference.strip() not in [code.value.strip() for code in at.code]


def test_a_topic_without_a_lesson_shows_its_drills():
    assert "transformer-block" not in all_lessons(), "pick another topic"
    at = open_page("topic", id="transformer-block")
    assert links(at)["Rotary position embedding"].endswith("id=rope")
    assert "has drills but no lesson yet" in shown(at)


def test_a_lesson_marked_as_read_counts(progress):
    at = open_page("topic", id="decoding")
    at.button(key="mark-read").click().run()
    assert [event.subject for event in progress.events("lesson_read")] == ["decoding"]
    assert "You have read this lesson." in shown(at)


def test_the_checklist_has_every_skill_in_both_languages():
    text = shown(open_page("skills"))
    for skill in all_skills().values():
        assert f"<b>{skill.name}</b>".replace("&", "&amp;") in text
        assert skill.name_zh in text


def test_a_self_assessment_is_recorded_and_kept_apart_from_evidence(progress):
    at = open_page("skills")
    at.segmented_control(key="rate-rag").set_value(3).run()
    assert progress.self_assessments()["rag"].level == 3
    again = open_page("skills")
    assert again.segmented_control(key="rate-rag").value == 3
    assert "0% shown" in shown(again)


def test_a_passed_drill_is_evidence_for_its_skills(progress):
    before = shown(open_page("skills"))
    progress.record_attempt(PASSED, "code")
    after = open_page("skills")
    label = next(
        label for label, address in links(after).items() if "skill=transformers" in address
    )
    assert label.startswith("1 of ")
    assert "1 of" not in before.split("Transformer")[1][:600]


def test_a_job_post_is_compared_with_what_was_shown():
    at = open_page("skills")
    at.text_area(key="post-text").set_value("We want RAG, LoRA and Python.")
    at.button[-1].click().run()
    text = shown(at)
    assert "named as “RAG”" in text
    assert "named as “LoRA”" in text
    at.text_area(key="post-text").set_value("A gardener for our roses.")
    at.button[-1].click().run()
    assert "names none of the skills" in shown(at)


def test_progress_shows_attempts_with_their_verdicts(progress):
    assert "Nothing yet." in shown(open_page("progress"))
    progress.record_attempt(FAILED, "a")
    progress.record_attempt(PASSED, "b")
    text = shown(open_page("progress"))
    assert text.index("Not yet right") > text.index(">Passed<")
    assert "2 submissions, 1 passed, 0 answers" in text
    assert "1 active day in the last year" in text


def test_an_attempt_at_a_drill_that_is_gone_is_still_listed(progress):
    gone = Verdict("long_gone", "passed", 4, "cpu", 20.0)
    progress.record_attempt(gone, "a")
    at = open_page("progress")
    assert "`long_gone`" in shown(at)
    assert not at.error


def test_the_language_is_chosen_once_and_kept(progress):
    at = open_page("settings")
    at.segmented_control(key="language").set_value("zh").run()
    assert at.title[0].value == "设置"
    assert progress.setting("language") == "zh"
    at = open_page("topic", id="decoding")
    assert at.title[0].value == all_lessons("zh")["decoding"].title != "Decoding"


def test_settings_speak_chinese_about_this_machine_too(progress):
    progress.set_setting("language", "zh")
    text = shown(open_page("settings"))
    for key in ("health.name.packages", "health.name.progress", "isolation.name.files"):
        assert catalogue("zh")[key] in text
    assert "as pinned" not in text
    assert "drill's limit" not in text


def test_progress_is_exported_and_imported(progress, tmp_path):
    progress.record_attempt(PASSED, "b")
    export = tmp_path / "export.jsonl"
    progress.export(export)
    at = open_page("settings")
    at.file_uploader(key="import-file").upload("mine.jsonl", export.read_bytes()).run()
    at.button(key="import").click().run()
    assert at.success[0].value == "0 records were added. 1 was here already."
    at.file_uploader(key="import-file").upload("broken.jsonl", b"not an export").run()
    at.button(key="import").click().run()
    assert at.error[0].value.startswith("broken.jsonl is not an export of progress")


def test_progress_that_cannot_be_read_is_a_sentence_on_every_page(progress, whetstone_home):
    progress.record_attempt(PASSED, "b")
    progress.streak()
    progress.close()
    (whetstone_home / "progress.duckdb").write_bytes(b"this is no database" * 1000)
    for place in PLACES:
        if place.file.exists() and place.name in ("home", "drill", "progress", "skills"):
            at = open_page(place.name, id="softmax_temperature")
            assert not at.exception
            assert "Your progress cannot be read or saved" in at.error[0].value


def test_what_cannot_be_recorded_is_a_sentence_and_the_page_still_works(whetstone_home):
    at = open_page("drill", id="softmax_temperature")
    whetstone_home.mkdir(exist_ok=True)
    (whetstone_home / "spool").write_text("in the way")
    at.button(key="show-hint").click().run()
    assert not at.exception
    assert "a file is in the way" in at.error[0].value
    assert all_drills()["softmax_temperature"].hints[0] in shown(at)
