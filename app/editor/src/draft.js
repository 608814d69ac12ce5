// A draft of what was typed, kept in this browser under the drill's name. It survives a reload,
// a crash of the server and a visit to another page. Storage that fails (private windows, a full
// quota) costs the draft, never the editor.

const PREFIX = "whetstone:draft:"

/** The text to start from: the one Python asks for with a new nonce, else the draft, else `value`. */
export function startingText({ draftKey, value, nonce }) {
  const draft = readDraft(draftKey)
  if (!draft) return value
  return nonce && draft.nonce !== nonce ? value : draft.text
}

/** Keep `text`, and the nonce of the last replacement it already includes. */
export function saveDraft(draftKey, text, nonce) {
  try {
    localStorage.setItem(PREFIX + draftKey, JSON.stringify({ text, nonce }))
    return true
  } catch {
    return false
  }
}

function readDraft(draftKey) {
  try {
    const draft = JSON.parse(localStorage.getItem(PREFIX + draftKey))
    return typeof draft?.text === "string" ? draft : null
  } catch {
    return null
  }
}
