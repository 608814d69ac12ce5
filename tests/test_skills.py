"""The job-skills checklist is complete, and a pasted post is matched as a person would."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from topics import skills
from topics.skills import all_skills, groups, match_job_post

WIDE = """
Our business will go to market, react to change, rest on helm's ideals, sparkle, and clip costs.
A ray of light; the dpo's office; apiarists; javanese; gitter; dbtx; the ragged sqlish.
"""


def named(text: str) -> dict[str, str]:
    return {skill.id: words for skill, words in match_job_post(text)}


def test_there_are_49_skills_in_8_groups_and_every_group_has_some():
    assert len(all_skills()) == 49
    assert len(groups()) == 8
    sizes = Counter(skill.group for skill in all_skills().values())
    assert list(sizes) == list(groups())  # and they come group by group
    assert min(sizes.values()) >= 4


def test_every_skill_is_complete():
    for skill in all_skills().values():
        assert skill.name and skill.name_zh and skill.aliases and skill.evidence
        assert re.search(r"[一-鿿]", skill.name_zh)
        assert 0 < skill.jd_percent <= 100
        assert 0 <= skill.cn_posts <= skills.POSTS_READ_CN
        assert skill.title("zh") == skill.name_zh and skill.title("fr") == skill.name


def test_the_source_and_the_date_of_the_counts_stand_at_the_top():
    top = skills.PATH.read_text(encoding="utf-8").split("[", 1)[0]
    for fact in ("1,764", "January and February 2026", "1961e78", "13 Chinese posts"):
        assert fact in top


def test_no_alias_belongs_to_two_skills():
    owners: dict[str, set[str]] = {}
    for skill in all_skills().values():
        for alias in (*skill.aliases, *skill.aliases_zh):
            owners.setdefault(re.sub(r"[ -]", "", alias), set()).add(skill.id)
    assert {alias: ids for alias, ids in owners.items() if len(ids) > 1} == {}


def test_every_alias_finds_its_own_skill():
    for skill in all_skills().values():
        for alias in (*skill.aliases, *skill.aliases_zh):
            assert skill.id in named(f"We want {alias}, and more."), alias
            assert skill.id in named(f"熟悉{alias}等"), alias


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (
            "Deep knowledge of retrieval augmented generation",
            {"rag": "retrieval augmented generation"},
        ),
        ("fine tuning, finetuning or Fine-Tuning", {"sft": "fine tuning"}),
        ("Kubernetes/K8s", {"containers": "Kubernetes"}),
        ("Go, not go", {"systems-lang": "Go"}),
        ("C++ preferred", {"systems-lang": "C++"}),
        ("Triton Inference Server", {"serving": "Triton Inference Server"}),
        ("OpenAI Triton", {"llm-apis": "OpenAI", "kernels": "Triton"}),
        ("vector\n databases", {"vector-db": "vector databases"}),
        ("LLM agent frameworks", {"frameworks": "agent frameworks"}),
        ("VLMs and MLLMs", {"multimodal": "VLMs"}),
        ("掌握向量数据库", {"vector-db": "向量数据库"}),
        ("熟悉PyTorch框架和vLLM部署", {"dl-framework": "PyTorch", "serving": "vLLM"}),
        ("负责多智能体系统与RLHF", {"agents": "多智能体", "alignment": "RLHF"}),
        ("A/B tests and CI/CD", {"experiments": "A/B tests", "cicd": "CI/CD"}),
        ("Llama3, Qwen2.5, python3", {"python": "python", "hf": "Llama", "llm-apis": "Qwen"}),
        ("", {}),
        (WIDE, {}),
    ],
)
def test_a_post_names_these_skills(post: str, expected: dict[str, str]):
    assert named(post) == expected


def test_matches_come_in_the_order_of_the_checklist_once_each():
    found = [skill.id for skill, _ in match_job_post("MLflow, Docker, RAG, RAG, Python, PyTorch")]
    assert found == [key for key in all_skills() if key in found]
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"group": "cooking"}, "no group 'cooking'"),
        ({"evidence": ["charm"]}, "unknown evidence 'charm'"),
        ({"colour": "blue"}, "skill 'x'"),
    ],
)
def test_a_row_that_is_not_well_formed_is_named(row: dict[str, object], words: str):
    complete = {
        "group": "data",
        "name": "X",
        "name_zh": "某",
        "aliases": ["x"],
        "aliases_zh": [],
        "jd_percent": 1,
        "cn_posts": 0,
        "evidence": ["drill"],
    }
    assert skills._skill("x", complete).id == "x"
    with pytest.raises(ValueError, match=words):
        skills._skill("x", complete | row)
