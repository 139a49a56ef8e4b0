// One version: what it changed, how HAProxy got it, its lines with those who wrote them, and the way back to it.

import { useState } from "preact/hooks";

import { OWN, change, get } from "../app/api.js";
import { formatTime } from "../app/format.js";
import { html } from "../app/html.js";
import { linkTo } from "../app/router.js";
import { session } from "../app/session.js";
import { refreshVersion, version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { announce, announceError } from "../parts/announce.js";
import { Dialog } from "../parts/dialog.js";
import { Diff, ResourceChanges } from "../parts/diff.js";
import { LoadState } from "../parts/load-state.js";
import { VersionState, whoOf } from "./history.js";

/** @param {{ record: any }} props */
function Facts({ record }) {
  const { author = {} } = record;
  const facts = [
    ["Who", `${whoOf(record)}${author.method ? ` (${author.method})` : ""}`],
    ["When", formatTime(record.time)],
    ["From", [author.address, author.client].filter(Boolean).join(", ")],
    ["Through", [record.origin.replace("_", " "), author.interface, record.transaction_id && `transaction ${record.transaction_id}`].filter(Boolean).join(", ")],
    ["Request", record.request_id],
    ["Reason given", record.reason],
    ["Why a reload", record.reload?.reason],
    ["Reload", record.reload?.id],
    ["HAProxy said", (record.warnings ?? []).join("\n")],
    ["Why it went", record.failure],
    ["Confirmation", record.confirmation && [record.confirmation.state, record.confirmation.reason].filter(Boolean).join(": ")],
    ["Puts back", record.text_of && html`<a href=${linkTo("history", { version: record.text_of })}>version ${record.text_of}</a>`],
    ["Replaced by", record.undone_by && html`<a href=${linkTo("history", { version: record.undone_by })}>version ${record.undone_by}</a>`],
  ];
  return html`<dl class="facts">${facts.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** @param {{ version: number }} props */
function Blame({ version }) {
  const lines = useData((signal) => get(`${OWN}/history/${version}/blame`, {}, signal), [version]);
  return html`<${LoadState} of=${lines} what="The lines">
    <pre class="blame" tabindex="0" role="region" aria-label="Lines and who wrote them">${(lines.data ?? []).map((/** @type {any} */ one) => html`<span key=${one.line}>
      <a href=${linkTo("history", { version: one.version })} title=${`${one.who ?? one.origin ?? ""} ${one.time ? formatTime(one.time) : ""}`}>${String(one.version).padStart(5)}</a>${String(one.line).padStart(6)}  ${one.text}${"\n"}</span>`)}</pre>
  </${LoadState}>`;
}

/** Put the version back, after its plan was shown. @param {number} version @param {string} reason */
async function putBack(version, reason) {
  try {
    const done = await change("POST", `${OWN}/history/${version}/rollback`, { reason });
    announce(`Version ${version} is back, as version ${done.version}.`, { tone: "good" });
    await refreshVersion();
  } catch (error) {
    announceError(error);
  }
}

/** @param {{ version: number, onClose: () => void }} props */
function PutBackDialog({ version, onClose }) {
  const plan = useData(() => change("POST", `${OWN}/history/${version}/rollback`, { query: { dry_run: true } }), [version]);
  const [reason, setReason] = useState("");
  const go = () => {
    onClose();
    putBack(version, reason);
  };
  return html`<${Dialog} title=${`Put version ${version} back`} onClose=${onClose} wide=${true}>
    <${LoadState} of=${plan} what="What it would do">
      <${ResourceChanges} changes=${plan.data?.changes ?? []} />
      <${Diff} text=${plan.data?.diff ?? ""} />
      ${plan.data?.files?.length > 0 && html`<p>Files that come back: ${plan.data.files.join(", ")}</p>`}
      <label>Reason <input value=${reason} maxlength="1000" onInput=${(/** @type {any} */ event) => setReason(event.target.value)} /></label>
      <footer class="actions"><button onClick=${onClose}>Cancel</button><button class="main" onClick=${go}>Put it back</button></footer>
    </${LoadState}>
  </${Dialog}>`;
}

/** @param {{ version: number, onBack: () => void }} props */
export function VersionDetails({ version, onBack }) {
  const record = useData((signal) => get(`${OWN}/history/${version}`, {}, signal), [version]);
  const files = useData((signal) => get(`${OWN}/history/${version}/files`, {}, signal), [version]);
  const who = useStore(session);
  const newest = useStore(newestVersion);
  const [showsLines, setShowsLines] = useState(false);
  const [putsBack, setPutsBack] = useState(false);
  useEvents(["reload", "rolled_back", "applied"], record.reload);
  const { data } = record;
  return html`<p class="actions"><button onClick=${onBack}>← History</button>
      ${version > 1 && html`<a href=${linkTo("history", { version: version - 1 })}>the one before</a>`}
      ${version < newest && html`<a href=${linkTo("history", { version: version + 1 })}>the next one</a>`}</p>
    <h1>Version ${version}</h1>
    <${LoadState} of=${record} what=${`Version ${version}`}>
      ${data && html`<p><${VersionState} record=${data} /></p>
      <${Facts} record=${data} />
      ${who?.mayChange && html`<p class="actions"><button class="main" onClick=${() => setPutsBack(true)}>Put this version back …</button></p>`}
      <h2>What it changed</h2>
      <${ResourceChanges} changes=${data.changes ?? []} />
      <${Diff} text=${data.diff ?? ""} />
      ${data.commands?.length > 0 && html`<h2>Commands to HAProxy</h2><pre class="commands" tabindex="0" role="region" aria-label="Commands">${data.commands.join("\n")}</pre>`}`}
    </${LoadState}>
    ${files.data?.length > 0 && html`<h2>Files</h2><ul>${files.data.map((/** @type {any} */ file) => html`<li key=${file.path}><code>${file.path}</code> <span class="quiet">${file.now === "same" ? "" : file.now}</span></li>`)}</ul>`}
    <p><button aria-expanded=${showsLines} onClick=${() => setShowsLines(!showsLines)}>${showsLines ? "Hide" : "Show"} all lines and who wrote them</button></p>
    ${showsLines && html`<${Blame} version=${version} />`}
    ${putsBack && html`<${PutBackDialog} version=${version} onClose=${() => setPutsBack(false)} />`}`;
}
