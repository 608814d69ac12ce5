"""Keys that are neither lost nor counted twice.

A key of a Streamlit button works only while that button is drawn, several presses during one run
arrive in any order, a key held down presses again and again, and one pressed before the last is up
does not count. So single keys outside text fields wait, in order, until the page has been drawn.
"""

from __future__ import annotations

import streamlit as st

KEYS = """<script>if (!window.whetstoneKeys) {
  window.whetstoneKeys = true
  const waiting = []
  let last = null  // the key that was handed on last
  let down = false  // whether it is still held
  let runStartsBy = 0  // a press was taken: the time by which its run must have started
  const busy = () => performance.now() < runStartsBy ||
    document.querySelector(".stApp")?.dataset.testScriptState !== "notRunning"
  const plain = event => event.isTrusted && event.key.length === 1 &&
    !event.ctrlKey && !event.metaKey && !event.altKey &&
    !event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]")
  const send = (type, key) => document.dispatchEvent(
    new KeyboardEvent(type, {...key, bubbles: true, cancelable: true}))
  const release = () => { if (last && down) { send("keyup", last); down = false } }
  const next = () => {
    if (!waiting.length || busy()) return
    release()
    last = waiting.shift()
    send("keydown", last)
    send("keyup", last)
    setTimeout(next)
  }
  window.addEventListener("keydown", event => {
    if (!plain(event)) return
    const key = {key: event.key, code: event.code, keyCode: event.keyCode}
    if (event.repeat || busy() || waiting.length) {
      event.stopImmediatePropagation()
      event.preventDefault()
      const before = waiting.at(-1) ?? last
      if (!event.repeat && before?.key !== event.key) waiting.push(key)  // a double press is one
    } else {
      release()
      last = key
      down = true
    }
  }, true)
  window.addEventListener("keydown", event => {  // after the buttons
    const taken = event.defaultPrevented && event.key.length === 1
    if (taken) { runStartsBy = performance.now() + 1000; setTimeout(next, 1000) }
  })
  window.addEventListener("keyup", event => { if (last?.key === event.key) down = false }, true)
  new MutationObserver(() => { runStartsBy = 0; setTimeout(next) }).observe(
    document.body, {subtree: true, attributeFilter: ["data-test-script-state"]})
}</script>"""


def listen() -> None:
    """Take care of the keys of the buttons on this page."""
    st.html(KEYS, unsafe_allow_javascript=True)
