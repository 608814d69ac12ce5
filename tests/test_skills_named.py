"""Every skill that a drill, a lesson or a question names exists in the checklist."""

from __future__ import annotations

import pytest

from drills.catalogue import all_drills
from question_bank.catalogue import all_questions
from topics.catalogue import all_lessons
from topics.skills import all_skills


@pytest.mark.parametrize("catalogue", [all_drills, all_lessons, all_questions])
def test_only_skills_of_the_checklist_are_named(catalogue):
    content = catalogue()
    assert content
    for one in content.values():
        assert one.skills, f"{one.id} names no skill"
        assert set(one.skills) <= all_skills().keys(), one.id
