"""The parallelism lab in a real browser: the address follows a slider, and a file comes out."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect


def test_a_moved_slider_changes_the_figures_and_the_address_brings_them_back(app):
    page = app.open("/lab-parallel?schedule=gpipe&stages=2")
    figures = page.get_by_test_id("stMetricValue")
    expect(figures.first).to_have_text("27")  # (8 + 2 − 1) micro-batches × 3
    slider = page.locator(".st-key-lab-parallel-pp-micro_batches").get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_url(re.compile(r"micro_batches=9"))
    expect(figures.first).to_have_text("30")
    page.reload()
    app.settle()
    expect(figures.first).to_have_text("30")
    assert app.failure() == ""


def test_the_timeline_comes_out_as_csv(app):
    page = app.open("/lab-parallel?stages=2&micro_batches=2")
    page.get_by_text("Export and share").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Timeline as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("rank,stage,chunk,kind") and len(lines) == 1 + 8
