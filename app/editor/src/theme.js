// Colours come from the page's own theme through Streamlit's --st-* variables, so light and dark
// switch live. The text colours of that theme are chosen for contrast in app/web/.streamlit/config.toml.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language"
import { EditorView } from "@codemirror/view"
import { tags } from "@lezer/highlight"

const ink = "var(--st-text-color)"
const accent = "var(--st-primary-color)"
const mix = (colour, percent) => `color-mix(in srgb, ${colour} ${percent}%, transparent)`

const surface = EditorView.theme({
  "&": { color: ink, backgroundColor: "transparent", fontSize: "0.9rem" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--st-code-font)",
    lineHeight: "1.55",
    minHeight: "var(--editor-min-height)",
    maxHeight: "max(70vh, var(--editor-min-height))",
    overflow: "auto",
  },
  ".cm-content": { caretColor: accent, padding: "0.6rem 0" },
  ".cm-line": { padding: "0 0.9rem 0 0.4rem" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: accent, borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: mix(accent, 26) },
  ".cm-activeLine": { backgroundColor: mix(ink, 4) },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--st-gray-text-color)", border: "none" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: ink },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 0.4rem 0 0.9rem", minWidth: "2.2rem" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: mix(accent, 22), outline: `1px solid ${mix(accent, 55)}` },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: mix("var(--st-red-color)", 25) },
  ".cm-selectionMatch": { backgroundColor: mix(accent, 14) },
  ".cm-searchMatch": { backgroundColor: mix("var(--st-yellow-color)", 35) },
  ".cm-panels, .cm-tooltip": {
    color: ink,
    backgroundColor: "var(--st-secondary-background-color)",
    border: "1px solid var(--st-border-color)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--st-code-font)", fontSize: "0.85rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: ink, backgroundColor: mix(accent, 26) },
  ".cm-panel input, .cm-panel button": {
    color: ink,
    background: "var(--st-background-color)",
    border: "1px solid var(--st-border-color)",
    borderRadius: "4px",
    fontSize: "0.85rem",
  },
})

const palette = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword],
    color: "var(--st-violet-text-color)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--st-green-text-color)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--st-orange-text-color)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)),
          tags.definition(tags.className), tags.function(tags.propertyName)],
    color: "var(--st-blue-text-color)" },
  { tag: tags.meta, color: "var(--st-yellow-text-color)" },
  { tag: tags.comment, color: "var(--st-gray-text-color)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--st-red-text-color)" },
])

export const theme = [surface, syntaxHighlighting(palette)]
