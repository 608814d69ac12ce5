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


def test_a_bar_says_what_it_is_and_the_chart_comes_out_as_png(app):
    page = app.open("/lab-parallel?stages=2&micro_batches=4")
    chart = page.locator(".st-key-lab-parallel-timeline")
    bar = chart.locator(".trace.bars .point").nth(2).bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2, steps=2)
    expect(chart.locator(".hoverlayer").first).to_contain_text("forward, micro-batch 2")
    with page.expect_download() as download:
        chart.locator(".modebar-btn").first.click()
    assert download.value.suggested_filename == "whetstone-timeline.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
