// The code editor of the drill page: CodeMirror 6 as a Streamlit component.
//
// Python decides the text only when it sends a new `nonce` (reset, load an old submission); in
// between the text lives here, and reaches Python with an action: {id, kind, text}. So typing
// never reruns the page, and a click can never be judged with text from a moment before.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete"
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands"
import { python } from "@codemirror/lang-python"
import { bracketMatching, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language"
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search"
import { EditorState, Prec } from "@codemirror/state"
import {
  EditorView, drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, keymap, lineNumbers, rectangularSelection,
} from "@codemirror/view"
import { saveDraft, startingText } from "./draft.js"
import { buildShell } from "./shell.js"
import { theme } from "./theme.js"

const SAVE_AFTER_MS = 200
const REPEAT_GUARD_MS = 700 // a double click is one submission
const ANSWER_WITHIN_MS = 10000 // after this without a sign of the server, the buttons work again

const mounted = new WeakMap() // the component's root → its editor: Streamlit calls us on every change

export default function ({ data, parentElement, setTriggerValue }) {
  let editor = mounted.get(parentElement)
  if (!editor) {
    editor = createEditor(parentElement, data)
    mounted.set(parentElement, editor)
  }
  editor.follow(data, setTriggerValue)
  return () => {
    mounted.delete(parentElement)
    editor.destroy()
  }
}

function createEditor(root, first) {
  let data = first
  let send = () => {}
  let saveTimer = 0
  let unsaved = false
  let lastAction = -Infinity
  let waiting = 0 // the timer of an action that Python has not acknowledged yet

  const shell = buildShell(root, act)
  const view = new EditorView({
    parent: shell.host,
    root,
    state: EditorState.create({ doc: startingText(first), extensions: extensions() }),
  })

  function extensions() {
    return [
      // The only binding of Ctrl+Enter; it wins over CodeMirror's own "insert a blank line".
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => act("submit") || true, preventDefault: true }])),
      lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), highlightSpecialChars(),
      history(), drawSelection(), dropCursor(), rectangularSelection(),
      EditorState.allowMultipleSelections.of(true),
      indentUnit.of("    "), EditorState.tabSize.of(4), indentOnInput(), python(),
      bracketMatching(), closeBrackets(), autocompletion({ activateOnTyping: false }),
      highlightSelectionMatches(),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap,
        ...foldKeymap, ...completionKeymap, indentWithTab]),
      EditorView.contentAttributes.of(() => ({
        "aria-label": data.labels.editor,
        "aria-describedby": "editor-note",
        spellcheck: "false",
        autocorrect: "off",
        autocapitalize: "off",
      })),
      EditorView.updateListener.of((update) => update.docChanged && scheduleSave()),
      theme,
    ]
  }

  function act(kind) {
    const now = performance.now()
    if (data.busy || waiting || view.composing || now - lastAction < REPEAT_GUARD_MS) return
    lastAction = now
    leaving()
    waiting = setTimeout(acknowledged, ANSWER_WITHIN_MS)
    show()
    send("action", { id: newId(), kind, text: view.state.doc.toString() })
  }

  function acknowledged() {
    clearTimeout(waiting)
    waiting = 0
    show()
  }

  function show() {
    shell.update({ ...data, busy: data.busy || waiting !== 0 })
  }

  function scheduleSave() {
    unsaved = true
    shell.showSaved("")
    clearTimeout(saveTimer)
    saveTimer = setTimeout(save, SAVE_AFTER_MS)
  }

  function save() {
    clearTimeout(saveTimer)
    unsaved = false
    const kept = saveDraft(data.draftKey, view.state.doc.toString(), data.nonce)
    shell.showSaved(kept ? data.labels.saved : "")
  }

  function replace(text) {
    view.dispatch({
      changes: { from: 0, to: view.state.doc.length, insert: text },
      selection: { anchor: 0 },
      annotations: isolateHistory.of("full"), // one undo brings back exactly what was there
    })
    save()
  }

  const leaving = () => unsaved && save()
  window.addEventListener("pagehide", leaving)
  shell.host.addEventListener("focusout", leaving)
  // Streamlit listens on the document for single keys (r reruns); the shadow root hides from it
  // that they were typed into text, so they stop here.
  for (const type of ["keydown", "keypress", "keyup"])
    shell.frame.addEventListener(type, (event) => event.stopPropagation())

  return {
    follow(next, setTriggerValue) {
      const before = data
      data = next
      send = setTriggerValue
      if (before.ack !== next.ack) acknowledged()
      else show()
      if (before.draftKey !== next.draftKey) {
        view.setState(EditorState.create({ doc: startingText(next), extensions: extensions() }))
      } else if (before.nonce !== next.nonce && next.nonce) {
        replace(next.value)
      }
    },
    destroy() {
      leaving()
      clearTimeout(waiting)
      window.removeEventListener("pagehide", leaving)
      view.destroy()
    },
  }
}

// 128 random bits in hex: the submission's id. (crypto.randomUUID needs a secure page.)
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}
