"""Every page in a real browser: both themes, three widths, addresses that can be kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.ui.places import PLACES

WIDTHS = (1440, 1024, 390)
ADDRESSES = {
    "topic": "/topic?id=decoding",
    "drill": "/drill?id=softmax_temperature",
}
PAGES = [ADDRESSES.get(place.name, place.address) for place in PLACES if place.file.exists()]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_drawn_in_both_themes_at_three_widths(shared_app, address):
    app = shared_app
    page = app.open(address)
    page.locator("h1").first.wait_for()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert app.failure() == ""
            main = page.locator('[data-testid="stMain"]')
            page.wait_for_function(
                "e => e.scrollWidth <= e.clientWidth + 1", arg=main.element_handle()
            )


def test_every_page_of_the_menu_is_reached_and_has_its_own_address(app):
    app.open("/")
    for place in PLACES:
        if place.in_menu and place.file.exists():
            link = app.page.get_by_test_id("stSidebarNav").locator(f'a[href$="{place.address}"]')
            link.click()
            # A page may add its state to its address at once: reviews name the card that is due.
            app.page.wait_for_url(re.compile(re.escape(app.url + place.address) + r"(\?.*)?$"))
            app.settle()
            assert app.failure() == ""


def test_filters_are_in_the_address_and_survive_a_reload(app):
    page = app.open("/drills")
    page.get_by_label("Search").fill("softmax")
    page.locator(".st-key-filter-difficulty").get_by_text("Warm-up").click()
    page.wait_for_url(re.compile(r"q=softmax"))
    page.wait_for_url(re.compile(r"difficulty=warm-up"))
    page.reload()
    app.settle()
    expect(page.get_by_label("Search")).to_have_value("softmax")
    expect(page.locator('[class*="st-key-card-drill"]')).to_have_count(1)


def test_back_returns_from_a_drill_to_the_filtered_list(app):
    page = app.open("/drills?q=softmax_temp")
    page.get_by_role("link", name="Softmax with temperature").click()
    page.wait_for_url(re.compile(r"/drill\?id=softmax_temperature"))
    expect(page.get_by_role("heading", name="Softmax with temperature")).to_be_visible()
    page.go_back()
    page.wait_for_url(re.compile(r"/drills\?q=softmax_temp"))
    expect(page.get_by_label("Search")).to_have_value("softmax_temp")


def test_moving_a_control_redraws_its_figure(app):
    page = app.open("/topic?id=peft")
    slider = page.get_by_role("slider")
    figure = page.locator('[class*="st-key-figure-"]').filter(has=slider).first
    figure.locator(".js-plotly-plot").wait_for()
    before = figure.inner_text()
    figure.get_by_role("slider").first.press("ArrowRight")
    page.wait_for_function(
        "([e, text]) => e.innerText !== text", arg=[figure.element_handle(), before]
    )
    assert app.failure() == ""


def test_a_reader_whose_browser_prefers_chinese_gets_chinese(browser, server):
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{server}/topic?id=decoding")
    expect(page.get_by_text("我读完了").or_(page.get_by_text("你已读完这一课。"))).to_be_visible(
        timeout=60_000
    )
    assert page.evaluate("document.documentElement.lang") == "zh"
    context.close()
