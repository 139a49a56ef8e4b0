// HAProxy's language for the editor: what is a section, a keyword, a string, a comment; and completion.

import { StreamLanguage } from "@codemirror/language";

/** @typedef {{ keyword: string, help: string, example?: string, values?: string[] }} Word */
/** @typedef {{ sections: { kind: string, named: boolean, help: string }[], lines: Record<string, Word[]>, parameters: Record<string, Word[]> }} Language */

/** The lines of a kind of section, by their first word. @param {Language} language */
function firstWords(language) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const [kind, words] of Object.entries(language.lines)) found.set(kind, new Set(words.map((one) => one.keyword.split(" ")[0])));
  return found;
}

/**
 * The mode that colours lines.
 *
 * @param {Language} language
 */
export function haproxyMode(language) {
  const sections = new Set(language.sections.map((one) => one.kind));
  const known = firstWords(language);
  return StreamLanguage.define({
    name: "haproxy",
    startState: () => ({ kind: "", first: true }),
    token(stream, state) {
      if (stream.sol()) state.first = true;
      if (stream.eatSpace()) return null;
      if (stream.match(/^#.*/)) return "comment";
      if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'[^']*'?/)) return "string";
      const [word] = /** @type {string[]} */ (stream.match(/^(?:\\.|[^\s"'#\\])+|^./) ?? [""]);
      const isFirst = state.first;
      state.first = false;
      if (isFirst && sections.has(word)) {
        state.kind = word;
        return "heading";
      }
      if (isFirst) return known.get(state.kind)?.has(word === "no" ? "" : word) ? "keyword" : null;
      if (/^(?:if|unless|or|\|\||!)$/.test(word)) return "operator";
      return /^\d+(?:us|ms|s|m|h|d|k|g)?$|^\d+(?:\.\d+){3}/.test(word) ? "number" : null;
    },
    languageData: { commentTokens: { line: "#" } },
  });
}

/** The kind of the section that a line is in. @param {any} doc @param {number} number @param {Set<string>} sections */
function kindAt(doc, number, sections) {
  for (let at = number; at >= 1; at -= 1) {
    const [first] = doc.line(at).text.trim().split(/\s+/);
    if (sections.has(first) && !/^\s/.test(doc.line(at).text)) return first;
  }
  return "";
}

/** @param {Word} word @param {string} apply */
const option = (word, apply) => ({ label: word.keyword, apply, info: [word.help, word.example].filter(Boolean).join("\n"), type: "keyword" });

/** @param {Language} language @param {string} kind @param {string[]} before The whole words in front. */
function optionsFor(language, kind, before) {
  const lines = language.lines[kind] ?? [];
  if (!before.length) {
    const sections = language.sections.map((one) => ({ label: one.kind, info: one.help, type: "class" }));
    return [...lines.map((one) => option(one, one.keyword)), ...sections];
  }
  const start = `${before.join(" ")} `;
  const longer = lines.filter((one) => one.keyword.startsWith(start)).map((one) => option(one, one.keyword.slice(start.length)));
  const line = lines.find((one) => one.keyword === before.join(" "));
  const values = (line?.values ?? []).map((value) => ({ label: value, type: "enum" }));
  const isKnown = Object.hasOwn(language.parameters, before[0]); // somebody may type `constructor`
  const parameters = before.length > 1 && isKnown ? language.parameters[before[0]].map((one) => option(one, one.keyword)) : [];
  return [...longer, ...values, ...parameters];
}

/**
 * Completion from the words of the language.
 *
 * @param {Language} language
 */
export function completeHaproxy(language) {
  const sections = new Set(language.sections.map((one) => one.kind));
  return (/** @type {any} */ context) => {
    const line = context.state.doc.lineAt(context.pos);
    const text = line.text.slice(0, context.pos - line.from);
    const [typed] = /** @type {RegExpExecArray} */ (/\S*$/.exec(text));
    if (!typed && !context.explicit) return null;
    const before = text.slice(0, text.length - typed.length).trim().split(/\s+/).filter(Boolean);
    const options = optionsFor(language, kindAt(context.state.doc, line.number, sections), before);
    return options.length ? { from: context.pos - typed.length, options, validFor: /^\S*$/ } : null;
  };
}
