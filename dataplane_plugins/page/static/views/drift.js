// Drift: where the running HAProxy is not what its files say, and what mends each difference, either way.

import { useState } from "preact/hooks";

import { OWN, change, get } from "../app/api.js";
import { html } from "../app/html.js";
import { session } from "../app/session.js";
import { refreshVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { announce, announceError } from "../parts/announce.js";
import { confirmFirst } from "../parts/dialog.js";
import { LoadState } from "../parts/load-state.js";
import { Table } from "../parts/table.js";

/** @param {any} remedy What mends a difference: commands, a reload, an edit, an action, or why nothing does. */
function remedyText(remedy = {}) {
  const { commands, reload, edit, action, impossible } = remedy;
  if (commands) return commands.join("; ");
  return (reload && `reload: ${reload}`) || edit || action || (impossible && `cannot be mended: ${impossible}`) || JSON.stringify(remedy);
}

/** @param {any} value */
const shown = (value) => (value === null || value === undefined ? "nothing" : typeof value === "object" ? JSON.stringify(value) : String(value));

const COLUMNS = [
  { name: "subject", title: "What", show: (/** @type {any} */ row) => html`<code>${row.subject}</code>`, sort: (/** @type {any} */ row) => row.subject },
  { name: "property", title: "Property", show: (/** @type {any} */ row) => row.property || row.kind, sort: (/** @type {any} */ row) => row.property },
  { name: "file", title: "In the file", show: (/** @type {any} */ row) => shown(row.file) },
  { name: "process", title: "In the process", show: (/** @type {any} */ row) => shown(row.process) },
  { name: "towards_file", title: "To follow the file", show: (/** @type {any} */ row) => html`<code>${remedyText(row.towards_file)}</code>` },
  { name: "towards_process", title: "To follow the process", show: (/** @type {any} */ row) => html`<code>${remedyText(row.towards_process)}</code>` },
];

/** @param {any} row */
const idOf = (row) => `${row.kind} ${row.subject} ${row.property}`;

/** @param {"file" | "process"} towards @param {any[]} rows */
async function mend(towards, rows) {
  const remedies = rows.map((row) => remedyText(towards === "file" ? row.towards_file : row.towards_process));
  const answer = await confirmFirst({
    title: towards === "file" ? "Give HAProxy what the files say" : "Write into the files what HAProxy has",
    body: html`<ul>${remedies.map((one, index) => html`<li key=${index}><code>${one}</code></li>`)}</ul>`,
    action: "Mend", ask: "Reason",
  });
  if (answer === null) return;
  try {
    const only = [...new Set(rows.map((row) => row.subject))];
    const { done, left } = await change("POST", `${OWN}/drift`, { json: { towards, only }, reason: answer });
    const rest = left.map((/** @type {any} */ one) => `${one.subject}: ${one.reason}`).join("; ");
    announce(rest ? `Left as it is: ${rest}` : `Mended: ${done.join("; ")}`, { tone: rest ? "bad" : "good" });
    await refreshVersion();
  } catch (error) {
    announceError(error);
  }
}

export default function DriftView() {
  const drift = useData((signal) => get(`${OWN}/drift`, {}, signal), []);
  const who = useStore(session);
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  useEvents(["drift", "version", "reload", "server_state"], drift.reload);
  const rows = /** @type {any[]} */ (drift.data?.deviations ?? []);
  const picked = rows.filter((row) => chosen.has(idOf(row)));
  const go = async (/** @type {"file" | "process"} */ towards) => {
    await mend(towards, picked);
    setChosen(new Set());
    drift.reload();
  };
  return html`<h1>Drift</h1>
    <p class="quiet">What the running HAProxy has otherwise than its files say. Nothing is mended unasked.</p>
    <div class="toolbar actions">
      <button onClick=${drift.reload}>Compare now</button>
      ${who?.mayChange && html`<button disabled=${!picked.length} onClick=${() => go("file")}>Follow the file …</button>
      <button disabled=${!picked.length} onClick=${() => go("process")}>Follow the process …</button>`}
    </div>
    <${LoadState} of=${drift} what="The comparison">
      ${rows.length === 0 ? html`<p><span class="badge good">no drift</span> HAProxy has what its files say.</p>`
        : html`<${Table} label="Differences" rows=${rows} columns=${COLUMNS} id=${idOf} name=${(/** @type {any} */ row) => `${row.subject} ${row.property}`}
            chosen=${chosen} onChoose=${who?.mayChange ? setChosen : undefined} />`}
    </${LoadState}>`;
}
