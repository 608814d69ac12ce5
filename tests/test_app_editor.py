"""What the editor sends is trusted only when well formed, and its bundle is ours to ship."""

from __future__ import annotations

import json
import re
from uuid import UUID

import pytest

from app.editor import FOLDER, EditorState, read_action

ID = "0123456789abcdef0123456789abcdef"
HOSTS = re.compile(r"https?://[\w.-]+")


def test_an_action_says_what_was_asked_with_which_text():
    asked = read_action({"kind": "submit", "text": "x = 1", "id": ID})
    assert asked == EditorState("x = 1", submitted=True, run=False, action_id=UUID(ID))
    assert read_action({"kind": "run", "text": "", "id": ID}).run


@pytest.mark.parametrize(
    "action",
    [
        None,
        "submit",
        {},
        {"kind": "submit", "text": "x"},
        {"kind": "delete", "text": "x", "id": ID},
        {"kind": "submit", "text": None, "id": ID},
        {"kind": "submit", "text": "x", "id": "not an id"},
    ],
)
def test_anything_else_is_no_action(action):
    assert read_action(action) == EditorState()


def test_the_bundle_names_no_host_to_fetch_from():
    bundle = (FOLDER / "bundle.js").read_text("utf-8")
    assert set(HOSTS.findall(bundle)) <= {"http://www.w3.org"}  # a namespace, never fetched
    assert "@import" not in (FOLDER / "editor.css").read_text("utf-8")


def test_the_lock_file_pins_every_package_and_names_no_registry():
    text = (FOLDER / "package-lock.json").read_text("utf-8")
    assert HOSTS.findall(text) == []
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert len(packages) > 10
    assert [name for name, entry in packages.items() if not entry.get("integrity")] == []


def test_the_licence_of_every_bundled_package_is_shipped():
    licences = (FOLDER / "LICENSES.txt").read_text("utf-8")
    package = json.loads((FOLDER / "package.json").read_text("utf-8"))
    for name, version in package["dependencies"].items():
        assert f"{name} {version}" in licences
    assert licences.count("Permission is hereby granted") >= len(package["dependencies"])
