"""Every page's address, and links between pages.

A page is a file of `app/pages/`. One whose file does not exist is not in the navigation, and
nothing links to it. Links carry query parameters, so every address can be kept and reloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from app.i18n import t

FOLDER = Path(__file__).parents[1] / "pages"


@dataclass(frozen=True)
class Place:
    """A page: its name is that of its file, its title is in the catalogue under `nav.<name>`."""

    name: str
    section: str = ""
    in_menu: bool = True

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.py"

    @property
    def address(self) -> str:
        """The path after the host: `/lab-memory`; home is `/`."""
        return "/" if self.name == HOME else f"/{self.name.replace('_', '-')}"


HOME = "home"
PLACES = (
    Place(HOME),
    Place("topics", "learn"),
    Place("topic", "learn", in_menu=False),
    Place("drills", "learn"),
    Place("drill", "learn", in_menu=False),
    Place("questions", "remember"),
    Place("review", "remember"),
    Place("lab_memory", "labs"),
    Place("lab_parallel", "labs"),
    Place("skills", "you"),
    Place("progress", "you"),
    Place("settings", "you"),
)


def exists(name: str) -> bool:
    """Whether there is a page of this name."""
    return any(place.name == name and place.file.exists() for place in PLACES)


def navigation() -> dict[str, list[Page]]:
    """The pages that exist by section, as `st.navigation` wants them."""
    sections: dict[str, list[Page]] = {}
    for place in PLACES:
        if place.file.exists():
            heading = t(f"nav.section.{place.section}") if place.section else ""
            sections.setdefault(heading, []).append(_page(place))
    return sections


def link(name: str, label: str, **parameters: str) -> None:
    """A link to a page: `link("drill", "RoPE", id="rope")`. `label` is one line of Markdown."""
    st.page_link(str(FOLDER / f"{name}.py"), label=label, query_params=parameters or None)


def go(name: str, **parameters: str) -> None:
    """Leave for another page at once."""
    st.switch_page(str(FOLDER / f"{name}.py"), query_params=parameters or None)


def _page(place: Place) -> Page:
    return st.Page(
        place.file,
        title=t(f"nav.{place.name}"),
        url_path=place.address.strip("/") or HOME,
        default=place.name == HOME,
        visibility="visible" if place.in_menu else "hidden",
    )
