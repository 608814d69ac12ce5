// What surrounds the text: the two buttons, the note on keys, and the line that says a draft was
// saved. Plain DOM, labelled by Python, so every word goes through the app's own catalogue.

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)
export const submitKeys = isMac ? "⌘ ↵" : "Ctrl ↵"

/** Build the frame once; `update` follows new labels and whether a judgement is under way. */
export function buildShell(root, onAction) {
  const frame = make("div", "frame")
  const host = make("div", "host")
  const bar = make("div", "bar")
  const note = make("span", "note")
  note.id = "editor-note"
  const saved = make("span", "saved")
  saved.setAttribute("role", "status")
  const run = make("button", "run")
  const submit = make("button", "submit")
  const submitLabel = make("span")
  const keys = make("kbd")
  keys.textContent = submitKeys
  keys.setAttribute("aria-hidden", "true")
  submit.append(submitLabel, keys)
  submit.setAttribute("aria-keyshortcuts", isMac ? "Meta+Enter" : "Control+Enter")
  for (const button of [run, submit]) button.type = "button"
  run.addEventListener("click", () => onAction("run"))
  submit.addEventListener("click", () => onAction("submit"))
  bar.append(note, saved, run, submit)
  frame.append(host, bar)
  root.append(frame)

  const update = ({ labels, busy, minHeight }) => {
    frame.style.setProperty("--editor-min-height", `${minHeight}px`)
    frame.classList.toggle("busy", busy)
    note.textContent = labels.note
    run.textContent = labels.run
    submitLabel.textContent = busy ? labels.busy : labels.submit
    for (const button of [run, submit]) button.disabled = busy
  }
  const showSaved = (text) => {
    saved.textContent = text
  }
  return { frame, host, update, showSaved }
}

function make(tag, className = "") {
  const node = document.createElement(tag)
  node.className = className
  return node
}
