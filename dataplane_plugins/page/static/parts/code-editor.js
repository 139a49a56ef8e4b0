// The editor: CodeMirror in a shadow root, where its styles need no exception from the page's policy.

import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "preact/hooks";

import { html } from "../app/html.js";
import { completeHaproxy, haproxyMode } from "./haproxy-language.js";

/** @import { Language } from "./haproxy-language.js" */

/** @typedef {{ line: number | null, severity: string, message: string }} Finding */

const colours = HighlightStyle.define([
  { tag: tags.heading, color: "var(--accent)", fontWeight: "bold" },
  { tag: tags.keyword, color: "var(--line-2)" },
  { tag: tags.string, color: "var(--unsure)" },
  { tag: tags.number, color: "var(--unsure)" },
  { tag: tags.operator, color: "var(--bad)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);

const look = EditorView.theme({
  "&": { height: "62vh", backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--rule)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--quiet)", borderRight: "1px solid var(--rule)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--accent-soft)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--rule)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-ink)" },
  ".cm-completionInfo": { maxWidth: "380px", whiteSpace: "pre-line" },
  ".cm-diagnostic": { padding: "4px 8px" },
});

/** @param {Language} language @param {(text: string) => void} onChange @param {boolean} readOnly */
function extensionsFor(language, onChange, readOnly) {
  return [
    lineNumbers(), history(), drawSelection(), highlightActiveLine(), highlightSelectionMatches(), lintGutter(), closeBrackets(),
    haproxyMode(language), syntaxHighlighting(colours), look,
    autocompletion({ override: [completeHaproxy(language)] }),
    keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.contentAttributes.of({ tabindex: "0", "aria-label": "Configuration. Escape, then Tab leaves the editor." }),
    EditorState.readOnly.of(readOnly),
    EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
  ];
}

/** @param {EditorState} state @param {Finding[]} findings */
function diagnosticsOf(state, findings) {
  const severities = /** @type {Record<string, "error" | "warning" | "info">} */ ({ alert: "error", warning: "warning", notice: "info" });
  return findings.filter((one) => one.line && one.line <= state.doc.lines).map((one) => {
    const { from, to } = state.doc.line(/** @type {number} */ (one.line));
    return { from, to, severity: severities[one.severity] ?? "error", message: one.message };
  });
}

/**
 * @param {{ text: string, language: Language, findings: Finding[], line: number, readOnly: boolean, onChange: (text: string) => void }} props
 *   `text` is what the editor begins with; `line` is brought into view when it changes.
 */
export function CodeEditor({ text, language, findings, line, readOnly, onChange }) {
  const host = useRef(/** @type {HTMLElement | null} */ (null));
  const editor = useRef(/** @type {EditorView | null} */ (null));
  const newest = useRef(onChange);
  newest.current = onChange;
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (host.current);
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const extensions = extensionsFor(language, (now) => newest.current(now), readOnly);
    editor.current = new EditorView({ root, parent: root, state: EditorState.create({ doc: text, extensions }) });
    editor.current.scrollDOM.tabIndex = 0; // who cannot edit scrolls with the keys
    return () => editor.current?.destroy();
  }, [text, language, readOnly]);
  useEffect(() => {
    const view = editor.current;
    if (view) view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state, findings)));
  }, [findings]);
  useEffect(() => {
    const view = editor.current;
    if (!view || line < 1 || line > view.state.doc.lines) return;
    const { from } = view.state.doc.line(line);
    view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    view.focus();
  }, [line]);
  return html`<div class="code-editor own-keys" ref=${host}></div>`;
}
