"""The memory lab in a real browser: the address follows a choice, and files come out."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect


def test_a_moved_slider_changes_the_figures_and_the_address_brings_them_back(app):
    page = app.open("/lab-memory?model=size&params_b=7")
    total = page.get_by_test_id("stMetricValue").first
    expect(total).to_have_text("112.0 GB")
    page.get_by_text("Several GPUs").click()
    slider = page.locator(".st-key-lab-memory-tp").get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_url(re.compile(r"tp=2"))
    expect(total).to_have_text("56.00 GB")
    page.reload()
    app.settle()
    expect(total).to_have_text("56.00 GB")
    assert app.failure() == ""


def test_amounts_come_out_as_csv_and_a_chart_as_png(app):
    page = app.open("/lab-memory?method=lora&recompute=full")
    page.get_by_text("Export and share").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Amounts as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("amount,bytes,bytes_at_peak,formula")
    assert lines[-1].startswith("total,")
    page.locator(".st-key-lab-memory-chart-gpu").hover()
    with page.expect_download() as picture:
        page.locator(".st-key-lab-memory-chart-gpu .modebar-btn").first.click()
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    assert app.failure() == ""
