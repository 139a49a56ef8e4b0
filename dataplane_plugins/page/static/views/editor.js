// The editor of the whole configuration: HAProxy judges while somebody types, and the plan comes before the commit.

import { useEffect, useRef, useState } from "preact/hooks";

import { CONFIGURATION, OWN, ask, change, connection, get } from "../app/api.js";
import { html } from "../app/html.js";
import { session } from "../app/session.js";
import { version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useData } from "../app/use-data.js";
import { CodeEditor } from "../parts/code-editor.js";
import { CommitForm } from "../parts/commit.js";
import { Dialog } from "../parts/dialog.js";
import { Elsewhere } from "../parts/elsewhere.js";
import { LoadState } from "../parts/load-state.js";
import { Plan } from "../parts/plan.js";

const JUDGE_AFTER = 600; // milliseconds without typing

/** @param {AbortSignal} signal */
async function loadText(signal) {
  const { data, headers } = await ask("GET", `${CONFIGURATION}/raw`, { signal });
  const language = await get(`${OWN}/language`, {}, signal);
  return { text: String(data), version: Number(headers.get("configuration-version")), language };
}

/** The plan of a text, made anew when nobody has typed for a moment. @param {string} text @param {string} before */
function usePlan(text, before) {
  const { known, reachable } = useStore(connection);
  const [state, setState] = useState({ plan: /** @type {any} */ (null), problem: "", judging: false });
  useEffect(() => {
    if (text === before) return setState({ plan: null, problem: "", judging: false });
    if (!known || !reachable) return undefined; // asked once the API and its user are back
    const control = new AbortController();
    setState((now) => ({ ...now, judging: true }));
    const timer = setTimeout(() => {
      change("POST", `${OWN}/plan`, { json: { text }, signal: control.signal }).then(
        (plan) => control.signal.aborted || setState({ plan, problem: "", judging: false }),
        (error) => control.signal.aborted || setState({ plan: null, problem: error.message, judging: false }),
      );
    }, JUDGE_AFTER);
    return () => (clearTimeout(timer), control.abort());
  }, [text, before, known, reachable]);
  return state;
}

/** @param {{ findings: any[], onGo: (line: number) => void }} props */
function FindingList({ findings, onGo }) {
  if (!findings.length) return null;
  return html`<ul class="findings" aria-label="What HAProxy says">${findings.map((one, index) => html`<li key=${index}>
    <span class=${`badge ${one.severity === "alert" ? "bad" : "unsure"}`}>${one.severity}</span>
    ${one.line ? html` <button class="link" onClick=${() => onGo(one.line)}>line ${one.line}</button>` : null} ${one.message}</li>`)}</ul>`;
}

/** @param {{ plan: any, text: string, version: number, onClose: () => void, onDone: () => void }} props */
function Review({ plan, text, version, onClose, onDone }) {
  const ready = { text, version };
  return html`<${Dialog} title="What it would do" wide=${true} onClose=${onClose}>
    <${Plan} plan=${plan} />
    ${plan.verdict === "accepted" && html`<${Elsewhere} ready=${ready} />
      <${CommitForm} ready=${ready} onDone=${onDone} />`}
  </${Dialog}>`;
}

/** @param {{ loaded: any, onReload: () => void }} props */
function Editing({ loaded, onReload }) {
  const who = useStore(session);
  const newest = useStore(newestVersion);
  const [text, setText] = useState(loaded.text);
  const [line, setLine] = useState(0);
  const [reviews, setReviews] = useState(false);
  const { plan, problem, judging } = usePlan(text, loaded.text);
  const dirty = useRef(false);
  dirty.current = text !== loaded.text;
  useEffect(() => {
    const ask = (/** @type {BeforeUnloadEvent} */ event) => dirty.current && event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, []);
  const findings = plan?.findings ?? [];
  const done = () => {
    setReviews(false);
    onReload();
  };
  return html`${newest > loaded.version && html`<p class="banner">Version ${newest} is there by now; this text is version ${loaded.version}.
      <button onClick=${onReload}>Load version ${newest}</button></p>`}
    <div class="actions" role="status">
      <button class="main" disabled=${!plan || judging || !who?.mayChange} onClick=${() => setReviews(true)}>Show what it does …</button>
      <span>${judging ? "HAProxy is asked …" : plan ? (plan.verdict === "refused" ? "HAProxy refuses it" : plan.verdict === "unchanged" ? "Nothing would change" : "HAProxy takes it") : "As it is"}</span>
    </div>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <${CodeEditor} text=${loaded.text} language=${loaded.language} findings=${findings} line=${line} readOnly=${!who?.mayChange} onChange=${setText} />
    <${FindingList} findings=${findings} onGo=${setLine} />
    ${reviews && plan && html`<${Review} plan=${plan} text=${text} version=${loaded.version} onClose=${() => setReviews(false)} onDone=${done} />`}`;
}

export default function EditorView() {
  const loaded = useData(loadText, []);
  return html`<h1>Editor</h1>
    <${LoadState} of=${loaded} what="The configuration">
      <${Editing} key=${loaded.data?.version} loaded=${loaded.data} onReload=${loaded.reload} />
    </${LoadState}>`;
}
