"""Every lesson holds what a lesson must: text that parses, figures that draw, sources, skills."""

from __future__ import annotations

import dataclasses
import itertools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
import pytest

from topics import catalogue
from topics.catalogue import CLOSING_SECTIONS, FigureRef, LessonError, Misconception, Text
from topics.figure import Choice, Drawing, Figure, Slider, Toggle, Value, localize
from topics.phrases import say
from topics.skills import all_skills

# fmt: off
CURRICULUM = frozenset({
    "landscape", "text-representation", "tokenization", "neural-basics",
    "attention", "transformer-block", "architectures", "decoding",
    "pretraining", "finetuning", "peft", "alignment", "compression",
    "gpu", "mixed-precision", "distributed", "memory", "inference",
    "prompting", "rag", "agents", "evaluation", "nlp-applications", "domain-llm", "safety",
    "engineering",
})
# fmt: on
LESSONS = [(topic, "en") for topic in catalogue.all_lessons()] + [
    (path.parent.name, "zh") for path in sorted(catalogue.ROOT.glob("*/lesson.zh.md"))
]
TOPICS = list(catalogue.all_lessons())
FIGURES = [(topic, figure) for topic in TOPICS for figure in catalogue.figures(topic)]
TRANSLATED = sorted(path.parent.name for path in catalogue.ROOT.glob("*/figures.zh.toml"))


def prose(topic: str, language: str) -> str:
    """All the words of a lesson that a reader reads."""
    parts: list[str] = []
    for block in catalogue.get_lesson(topic, language).blocks:
        match block:
            case Text(markdown):
                parts.append(markdown)
            case Misconception(claim, correction):
                parts += [claim, correction]
    return "\n\n".join(parts)


def without_code(markdown: str) -> str:
    markdown = re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", markdown)


def control_settings(figure: Figure) -> Iterator[dict[str, Value]]:
    """The defaults, then each control at each of its ends or options with the rest at default."""
    yield figure.defaults()
    for control in figure.controls:
        match control:
            case Slider():
                ends: tuple[Value, ...] = (control.low, control.high)
            case Choice():
                ends = control.options
            case Toggle():
                ends = (False, True)
        for end in ends:
            yield figure.defaults() | {control.name: end}


class Recorder(dict[str, str]):
    """A phrase table that notes what it is asked for and does not have."""

    def __init__(self, phrases: dict[str, str]) -> None:
        super().__init__(phrases)
        self.missing: set[str] = set()
        self.used: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str:  # type: ignore[override]
        (self.used if key in self else self.missing).add(key)
        return self[key] if key in self else str(default)


def test_there_are_lessons() -> None:
    assert {"decoding", "attention", "neural-basics"} <= set(TOPICS)


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_front_matter_is_complete_and_true(topic: str, language: str) -> None:
    lesson = catalogue.get_lesson(topic, language)
    assert topic in CURRICULUM
    assert lesson.title.strip()
    assert lesson.summary.strip().endswith((".", "。"))
    assert 1 <= lesson.part <= 7
    assert 10 <= lesson.minutes <= 20
    assert lesson.skills
    assert set(lesson.skills) <= set(all_skills())
    assert set(lesson.prerequisites) <= CURRICULUM - {topic}


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_a_lesson_takes_ten_to_twenty_minutes_to_read(topic: str, language: str) -> None:
    text = without_code(prose(topic, language))
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    words = len(re.findall(r"[A-Za-z][\w'’-]*", text)) + chinese / 1.7
    assert 1200 <= words <= 3500


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_the_closing_sections_are_there_and_last(topic: str, language: str) -> None:
    headings = re.findall(r"^## (.+)$", prose(topic, language), flags=re.MULTILINE)
    assert tuple(headings[-2:]) == CLOSING_SECTIONS[language]
    assert len(headings) == len(set(headings))


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_papers_are_cited_by_title_and_well_formed_number(topic: str, language: str) -> None:
    reading = prose(topic, language).rpartition(f"## {CLOSING_SECTIONS[language][1]}")[2]
    papers = [line for line in reading.splitlines() if "arXiv" in line]
    assert len(papers) >= 3
    for line in papers:
        assert re.search(r"\*[^*]{8,}\*.*arXiv:\d{2}(0[1-9]|1[0-2])\.\d{4,5}\b", line), line


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_maths_is_closed(topic: str, language: str) -> None:
    for paragraph in re.split(r"\n\s*\n", without_code(prose(topic, language))):
        assert len(re.findall(r"(?<!\\)\$", paragraph)) % 2 == 0, paragraph


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_every_figure_named_exists_and_every_figure_is_shown(topic: str, language: str) -> None:
    blocks = catalogue.get_lesson(topic, language).blocks
    shown = [block.id for block in blocks if isinstance(block, FigureRef)]
    assert sorted(shown) == sorted(catalogue.figures(topic, language))
    assert shown


@pytest.mark.parametrize(("topic", "language"), LESSONS)
def test_a_translation_has_the_same_figures_and_misconceptions(topic: str, language: str) -> None:
    def skeleton(of: str) -> list[str]:
        blocks = catalogue.get_lesson(topic, of).blocks
        kept = (block for block in blocks if not isinstance(block, Text))
        return [block.id if isinstance(block, FigureRef) else "misconception" for block in kept]

    assert skeleton(language) == skeleton("en")


@pytest.mark.parametrize("topic", TOPICS)
def test_lessons_name_a_misconception(topic: str) -> None:
    blocks = catalogue.get_lesson(topic).blocks
    assert any(isinstance(block, Misconception) for block in blocks)


@pytest.mark.parametrize(("topic", "figure_id"), FIGURES)
def test_a_figure_draws_at_its_defaults_and_at_the_ends_of_every_control(
    topic: str, figure_id: str
) -> None:
    figure = catalogue.figures(topic)[figure_id]
    for values in control_settings(figure):
        drawing = figure.draw(**values)
        assert isinstance(drawing, Drawing)
        assert isinstance(drawing.plot, go.Figure)
        assert drawing.plot.data, values
        assert drawing.text.strip(), values
        assert "nan" not in re.findall(r"[a-z]+", drawing.text.lower()), values


@pytest.mark.parametrize(("topic", "figure_id"), FIGURES)
def test_every_control_of_a_figure_changes_what_is_drawn(topic: str, figure_id: str) -> None:
    figure = catalogue.figures(topic)[figure_id]
    assert figure.controls
    for control in figure.controls:
        alone = dataclasses.replace(figure, controls=(control,))
        assert any(
            len({seen(figure, base | values) for values in control_settings(alone)}) > 1
            for base in switch_settings(figure)
        ), control


def seen(figure: Figure, values: dict[str, Value]) -> str:
    drawing = figure.draw(**values)
    return drawing.text + drawing.plot.to_json()


def switch_settings(figure: Figure) -> Iterator[dict[str, Value]]:
    """Every combination of choices and toggles, sliders at default: some controls need a mode."""
    switches = [control for control in figure.controls if not isinstance(control, Slider)]
    options = [x.options if isinstance(x, Choice) else (False, True) for x in switches]
    names = [control.name for control in switches]
    for values in itertools.product(*options):
        yield figure.defaults() | dict(zip(names, values, strict=True))


@pytest.mark.parametrize(("topic", "figure_id"), FIGURES)
def test_controls_start_inside_their_range(topic: str, figure_id: str) -> None:
    for control in catalogue.figures(topic)[figure_id].controls:
        match control:
            case Slider(_, _, low, high, default, step):
                assert low <= default <= high
                assert ((default - low) / step) == pytest.approx(round((default - low) / step))
            case Choice(_, _, options, default, labels):
                assert default in options
                assert len(labels) in (0, len(options))


@pytest.mark.parametrize(("topic", "figure_id"), FIGURES)
def test_drawing_is_pure(topic: str, figure_id: str) -> None:
    figure = catalogue.figures(topic)[figure_id]
    first, second = figure.draw(**figure.defaults()), figure.draw(**figure.defaults())
    assert first.plot is not second.plot
    assert first.plot.to_json() == second.plot.to_json()
    assert first.text == second.text


@pytest.mark.parametrize(("topic", "figure_id"), FIGURES)
def test_a_figure_suits_light_and_dark_pages(topic: str, figure_id: str) -> None:
    figure = catalogue.figures(topic)[figure_id]
    layout = figure.draw(**figure.defaults()).plot.layout
    assert layout.paper_bgcolor in (None, "rgba(0,0,0,0)")
    assert layout.plot_bgcolor in (None, "rgba(0,0,0,0)")
    assert layout.font.color is None
    assert "$" not in (layout.title.text or "")


@pytest.mark.parametrize("topic", TRANSLATED)
def test_a_translation_of_figures_is_complete_and_has_nothing_stray(topic: str) -> None:
    phrases = Recorder(catalogue._phrases(catalogue.ROOT / topic / "figures.zh.toml"))
    for figure in catalogue.figures(topic).values():
        spoken = localize(figure, phrases)
        for values in control_settings(figure):
            spoken.draw(**values)
    # Names of methods and tokens are the same in both languages.
    untranslated = {phrase for phrase in phrases.missing if re.search(r"[a-z]{4,} [a-z]", phrase)}
    assert not untranslated
    assert set(phrases) == phrases.used


def written(folder: Path, body: str, **changes: object) -> Path:
    meta = {
        "title": "T",
        "part": 2,
        "order": 1,
        "minutes": 10,
        "summary": "S.",
        "skills": ["python"],
    } | changes
    lines = "\n".join(f"{key}: {value}" for key, value in meta.items() if value is not None)
    folder.mkdir(exist_ok=True)
    (folder / "lesson.md").write_text(f"---\n{lines}\n---\n\n{textwrap.dedent(body)}")
    return folder


def test_a_lesson_is_cut_into_text_figures_and_misconceptions(tmp_path: Path) -> None:
    body = """\
        One.

        ```
        ::figure not-this
        ```
        ::figure heat
        ::misconception
        Water is dry.

        It is wet.
        ::end
        Two.
        """
    assert catalogue.load_lesson(written(tmp_path / "t", body)).blocks == (
        Text("One.\n\n```\n::figure not-this\n```"),
        FigureRef("heat"),
        Misconception("Water is dry.", "It is wet."),
        Text("Two."),
    )


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("Fine.\n\n::figure\n", "line 12: ::figure takes one id"),
        ("::figures heat\n", "line 10: unknown directive"),
        ("::misconception\nOnly a claim.\n::end\n", "line 10: a misconception needs"),
        ("::misconception\nClaim.\n\nWhy.\n", "line 10: this misconception has no ::end"),
        ("::misconception\nClaim.\n::figure heat\n", "line 12: '::figure heat' inside"),
        ("::misconception Claim.\nWhy.\n::end\n", "line 10: the claim goes on the line after"),
    ],
)
def test_a_broken_body_is_refused_with_file_and_line(
    tmp_path: Path, body: str, complaint: str
) -> None:
    folder = written(tmp_path / "t", body)
    with pytest.raises(LessonError, match=f"lesson.md: {re.escape(complaint)}"):
        catalogue.load_lesson(folder)


def test_missing_front_matter_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match=r"lesson\.md: line 1: front matter lacks 'summary'"):
        catalogue.load_lesson(written(tmp_path / "t", "Text.", summary=None))
    (tmp_path / "t" / "lesson.md").write_text("No front matter.")
    with pytest.raises(LessonError, match=r"lesson\.md: line 1: starts without front matter"):
        catalogue.load_lesson(tmp_path / "t")


def test_a_translation_gives_only_what_differs(tmp_path: Path) -> None:
    folder = written(tmp_path / "t", "Text.")
    (folder / "lesson.zh.md").write_text("---\ntitle: 题\nsummary: 一句。\n---\n正文。")
    lesson = catalogue.load_lesson(folder, "zh")
    assert (lesson.title, lesson.minutes, lesson.blocks) == ("题", 10, (Text("正文。"),))
    assert catalogue.load_lesson(folder).title == "T"


def test_an_unknown_topic_is_answered_with_the_known_ones() -> None:
    with pytest.raises(catalogue.LessonNotFoundError, match="decoding"):
        catalogue.get_lesson("astrology")


def test_a_localized_figure_speaks_only_while_it_draws() -> None:
    choice = Choice("method", "Method", ("greedy", "beam"), "beam")
    figure = Figure("f", "Hello", (choice,), lambda **_: Drawing(go.Figure(), say("{n} left", n=2)))
    spoken = localize(figure, {"Hello": "你好", "beam": "集束", "{n} left": "还剩 {n}"})
    assert spoken.title == "你好"
    assert isinstance(spoken.controls[0], Choice)
    assert spoken.controls[0].label_of("beam") == "集束"
    assert spoken.draw(method="beam").text == "还剩 2"
    assert figure.draw(method="beam").text == "2 left"
