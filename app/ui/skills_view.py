"""The parts of the skills page: the plot, the checklist, and the comparison with a job post."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from app.i18n import language, plural, t
from app.readiness import SkillEvidence, readiness
from app.store import SelfAssessment
from app.ui import filters, frame
from app.ui.html import Tone, bar, chip, facts
from app.ui.places import link
from app.ui.services import store
from topics.skills import Group, Skill, groups, match_job_post

LEVELS = (0, 1, 2, 3, 4)
Assessments = Mapping[str, SelfAssessment]


def group_name(group: Group) -> str:
    return group.name_zh if language() == "zh" else group.name


def in_group(evidence: Mapping[str, SkillEvidence], group: str) -> list[SkillEvidence]:
    return [item for item in evidence.values() if item.skill.group == group]


def strengths(evidence: Mapping[str, SkillEvidence], rated: Assessments) -> None:
    """Per group: what is shown against what is said, the gap between them drawn."""
    rows = []
    for group in groups().values():
        items = in_group(evidence, group.id)
        rows.append(two_dots(group_name(group), readiness(items), self_rating(items, rated)))
    key = (
        f'<div class="ws-key"><span class="shown"></span>{escape(t("skills.shown"))}'
        f'<span class="said"></span>{escape(t("skills.said"))}</div>'
    )
    st.html(f'{key}<div class="ws-dots">{"".join(rows)}</div>')
    st.html(f'<p class="ws-note">{escape(t("skills.plot_note"))}</p>')


def two_dots(name: str, shown: float | None, said: float | None) -> str:
    """A row of the plot: both shares as dots on one line, joined where they differ.

    What is not known has no dot: nothing here measures the group, or nothing in it is rated.
    """
    known = [share for share in (shown, said) if share is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    figures = ["–" if share is None else f"{share:.0%}" for share in (shown, said)]
    text = escape(t("skills.both", shown=figures[0], said=figures[1]))
    return (
        f'<div class="ws-row"><span class="ws-row-name">{escape(name)}</span>'
        f'<div class="ws-line" role="img" aria-label="{escape(name)}: {text}" title="{text}">'
        f'<i class="gap" style="left:{low:.1%};width:{high - low:.1%}"></i>'
        f"{_dot('said', said)}{_dot('shown', shown)}</div>"
        f'<span class="ws-row-figure">{" / ".join(figures)}</span></div>'
    )


def _dot(kind: str, share: float | None) -> str:
    return "" if share is None else f'<i class="{kind}" style="left:{share:.1%}"></i>'


def self_rating(items: list[SkillEvidence], rated: Assessments) -> float | None:
    """The mean self-assessment, 0 to 1, weighted by how often posts ask for each skill.

    Skills not rated yet count as 0 once one of them is rated; None before that.
    """
    levels = [rated[one.skill.id].level if one.skill.id in rated else None for one in items]
    if all(level is None for level in levels):
        return None
    weights = [one.skill.jd_percent for one in items]
    said = sum(weight * (level or 0) for weight, level in zip(weights, levels, strict=True))
    return said / LEVELS[-1] / sum(weights)


def checklist(evidence: Mapping[str, SkillEvidence], rated: Assessments) -> None:
    """Every skill of the chosen group, or of all."""
    chosen = filters.pick(
        t("skills.group"), "group", list(groups()), lambda key: group_name(groups()[key])
    )
    st.html(f'<p class="ws-note">{escape(t("skills.levels"))}</p>')
    level_names = {level: t(f"level.{level}") for level in LEVELS}
    for group in groups().values():
        if chosen in (None, group.id):
            st.subheader(group_name(group), anchor=group.id)
            for item in in_group(evidence, group.id):
                skill_row(item, rated.get(item.skill.id), level_names)


def skill_row(
    item: SkillEvidence, rated: SelfAssessment | None, level_names: Mapping[int, str]
) -> None:
    """One skill: what it is, what you say, and, apart from that, what you have shown."""
    skill = item.skill
    with st.container(key=f"skill-{skill.id}"):
        about, said, shown = st.columns([4, 5, 4], vertical_alignment="center", gap="medium")
        about.html(_about(skill))
        with said:
            st.segmented_control(
                t("skills.rate", skill=skill.title(language())),
                LEVELS,
                default=rated.level if rated else None,
                format_func=level_names.__getitem__,
                key=f"rate-{skill.id}",
                label_visibility="collapsed",
                on_change=_rate,
                args=(skill.id,),
            )
        with shown:
            evidence_cell(item)


def evidence_cell(item: SkillEvidence) -> None:
    """A bar with counts, and a link to the drills behind it."""
    if not item.measured:
        st.html(f'<p class="ws-note">{escape(_other_evidence(item.skill))}</p>')
        return
    counts = _counts(item)
    done = chip(t("skills.proved"), "good") if item.status == "shown" else ""
    tone: Tone = "good" if done else "calm"
    st.html(f'<div class="ws-evidence">{bar(item.score, counts, tone=tone)}{done}</div>')
    if item.drills:
        link("drills", counts, skill=item.skill.id)
    else:
        st.html(f'<p class="ws-note">{escape(counts)}</p>')


def _counts(item: SkillEvidence) -> str:
    parts = []
    if item.drills:
        parts.append(plural("topic.passed_of", len(item.drills), passed=len(item.passed)))
    if aided := len(item.passed) - len(item.unaided):
        parts.append(plural("skills.aided", aided))
    if item.questions:
        parts.append(plural("skills.kept", len(item.questions), kept=len(item.retained)))
    return " · ".join(parts)


def _other_evidence(skill: Skill) -> str:
    kinds = [kind for kind in skill.evidence if kind in ("lab", "artefact", "rubric")]
    return t(f"skills.outside.{kinds[0]}") if kinds else t("skills.no_evidence_yet")


def _about(skill: Skill) -> str:
    other = skill.name if language() == "zh" else skill.name_zh
    market = t("skills.market", percent=skill.jd_percent)
    chinese = t("skills.market_cn", count=skill.cn_posts) if skill.cn_posts else ""
    name = f"<b>{escape(skill.title(language()))}</b> <span lang='zh'>{escape(other)}</span>"
    return f'<div class="ws-skill">{name}</div>{facts(escape(market), escape(chinese))}'


@frame.callback
def _rate(skill_id: str) -> None:
    level = st.session_state[f"rate-{skill_id}"]
    if level is not None:
        store().record_self_assessment(skill_id, level)


def job_post(evidence: Mapping[str, SkillEvidence], rated: Assessments) -> None:
    """Paste a post, see which skills it names and which of them you have not shown."""
    st.write(t("skills.post_lead"))
    with st.form("post", border=False):
        text = st.text_area(t("skills.post_label"), height=220, max_chars=50_000, key="post-text")
        st.form_submit_button(t("skills.post_compare"), type="primary")
    if not (text or "").strip():
        return
    found = match_job_post(text or "")
    if not found:
        st.info(t("skills.post_nothing"))
        return
    st.subheader(plural("skills.post_found", len(found)), anchor=False)
    found.sort(key=lambda pair: (evidence[pair[0].id].score, -pair[0].jd_percent))
    for skill, words in found:
        named_skill(evidence[skill.id], words, rated.get(skill.id))


def named_skill(item: SkillEvidence, words: str, rated: SelfAssessment | None) -> None:
    """A skill that the post names: in which words, what you say, what you have shown."""
    with st.container(key=f"named-{item.skill.id}"):
        about, shown = st.columns([7, 4], vertical_alignment="center", gap="medium")
        level = t(f"level.{rated.level}") if rated else t("skills.not_rated")
        about.html(
            f'<div class="ws-skill"><b>{escape(item.skill.title(language()))}</b></div>'
            + facts(
                escape(t("skills.named_as", words=words)), escape(t("skills.you_say", level=level))
            )
        )
        with shown:
            evidence_cell(item)
