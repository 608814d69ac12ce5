"""The main job from end to end: fail a drill, read why, pass it, and find both where they count."""

from __future__ import annotations

import re

from playwright.sync_api import expect

MULTIPLIES = """import torch

def softmax_temperature(logits, temperature, dim=-1):
    if temperature < 0:
        raise ValueError("negative temperature")
    if temperature == 0:
        first = logits.argmax(dim, keepdim=True)
        return torch.zeros_like(logits).scatter(dim, first, 1.0)
    print("<b>not bold</b>")
    scaled = logits * temperature
    e = torch.exp(scaled - scaled.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)
"""
DIVIDES = MULTIPLIES.replace("logits * temperature", "logits / temperature")


def test_a_drill_is_failed_understood_and_passed_and_counts(app):
    page = app.open("/drill?id=softmax_temperature")
    verdict = page.locator(".ws-verdict").first

    app.write_code(MULTIPLIES)
    page.keyboard.press("Control+Enter")
    expect(verdict).to_contain_text("Not yet right")
    diagnosis = page.locator(".st-key-diagnosis")
    expect(diagnosis).to_contain_text("You multiply the logits by the temperature")
    failed = page.locator(".ws-checks > div", has=page.locator(".ws-bad"))
    expect(failed.first.locator("pre")).to_contain_text("expected")
    expect(page.locator("pre.ws-printed")).to_contain_text("<b>not bold</b>")
    app.settle()

    app.write_code(DIVIDES)
    page.get_by_role("button", name=re.compile("^Submit")).click()
    expect(verdict).to_contain_text("Passed")
    expect(diagnosis).to_have_count(0)
    app.settle()
    page.get_by_role("tab", name="Reference solution").click()
    expect(page.get_by_text("One right answer, as clear as we could make it.")).to_be_visible()

    page.get_by_role("link", name="Progress").click()
    attempts = page.locator('[class*="st-key-card-attempt"]')
    expect(attempts.first).to_contain_text("Passed")
    expect(attempts.nth(1)).to_contain_text("Not yet right")
    expect(attempts.first).to_contain_text("Softmax with temperature")

    page.get_by_role("link", name="Skills").click()
    skill = page.locator(".st-key-skill-transformers")
    expect(skill).to_contain_text(re.compile(r"1 of \d+ drills passed"))
    expect(skill.get_by_role("img")).to_be_attached()

    skill.get_by_role("link").click()
    page.wait_for_url(re.compile(r"/drills\?skill=transformers"))
    card = page.locator(".st-key-card-drill-softmax_temperature")
    expect(card).to_contain_text("Passed")


def test_a_verdict_survives_leaving_the_page(app):
    page = app.open("/drill?id=softmax_temperature")
    app.write_code("def softmax_temperature(:\n")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".ws-verdict").first).to_contain_text("Syntax error")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("heading", name="Settings").wait_for()
    page.go_back()
    expect(page.locator(".ws-verdict").first).to_contain_text("Syntax error")
    page.reload()
    expect(page.locator(".ws-verdict").first).to_contain_text("Syntax error")


def test_a_submission_is_judged_while_its_page_is_left(app):
    page = app.open("/drill?id=lora_merge")
    app.write_code("import time\ntime.sleep(3)\ndef lora_merge(*inputs):\n    return inputs[0]")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".ws-verdict").first).to_contain_text(re.compile("Judging|Starting"))
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("heading", name="Settings").wait_for()
    page.go_back()
    expect(page.locator(".ws-verdict.ws-bad").first).to_contain_text("checks failed")
    expect(app.attempts("lora_merge")).to_have_count(1)


def test_hints_come_one_at_a_time_and_giving_up_asks_first(app):
    page = app.open("/drill?id=softmax_temperature")
    page.get_by_role("button", name=re.compile("Show hint 1 of")).click()
    expect(page.get_by_text("Softmax does not change when you subtract")).to_be_visible()
    expect(page.get_by_text("Temperature 0 cannot be a division.")).to_have_count(0)
    page.get_by_role("button", name=re.compile("Show hint 2 of")).click()
    expect(page.get_by_text("Temperature 0 cannot be a division.")).to_be_visible()

    page.goto(f"{app.url}/drill?id=kv_cache_bytes")
    app.settle()
    page.get_by_role("tab", name="Reference solution").click()
    page.get_by_role("button", name="Give up and show it").click()
    expect(page.get_by_role("dialog")).to_contain_text("You cannot unsee it.")
    page.get_by_role("button", name="Show the reference").click()
    expect(page.get_by_text("One right answer, as clear as we could make it.")).to_be_visible()
    expect(page.locator('[data-testid="stCode"]').last).to_contain_text("def kv_cache_bytes")
