// Open transactions: whose, what they would do, and their end, with a time in which they have to be confirmed.

import { useState } from "preact/hooks";

import { OWN, V3, change, get } from "../app/api.js";
import { isEnding } from "../app/draft.js";
import { html } from "../app/html.js";
import { linkTo, refine } from "../app/router.js";
import { session } from "../app/session.js";
import { refreshVersion, version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useData } from "../app/use-data.js";
import { announce, announceError } from "../parts/announce.js";
import { CommitForm } from "../parts/commit.js";
import { confirmFirst } from "../parts/dialog.js";
import { LoadState } from "../parts/load-state.js";
import { Plan } from "../parts/plan.js";
import { Table } from "../parts/table.js";

const PATH = `${V3}/transactions`;

/** @type {import("../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "id", title: "Transaction", sort: (one) => one.id, show: (one) => html`<button class="link" onClick=${() => refine({ id: one.id })}>${one.id}</button>` },
  { name: "version", title: "Made for version", number: true, sort: (one) => one._version, show: (one) => one._version },
  { name: "status", title: "State", sort: (one) => one.status, show: (one) => one.status.replaceAll("_", " ") },
];

/** @param {{ id: string, mayChange: boolean, onEnd: () => void }} props */
function OneTransaction({ id, mayChange, onEnd }) {
  const newest = useStore(newestVersion);
  const ask = () => change("POST", `${OWN}/plan`, { json: { transaction: id }, query: { rebase: true } });
  // one that is being committed is gone in a moment: what it would have done stays until then
  const plan = useData(() => (isEnding(id) ? new Promise(() => {}) : ask()), [id, newest]);
  const end = async () => {
    const asked = { title: `Discard transaction ${id}`, body: html`<p>Its edits are gone then. The configuration stays as it is.</p>`, action: "Discard", dangerous: true };
    if ((await confirmFirst(asked)) === null) return;
    try {
      await change("DELETE", `${PATH}/${encodeURIComponent(id)}`);
      announce(`Transaction ${id} was discarded.`, { tone: "good" });
    } catch (error) {
      announceError(error);
    }
    onEnd();
  };
  return html`<section class="card" aria-label=${`Transaction ${id}`}><h2>Transaction ${id}</h2>
    <p><a href=${linkTo("trace", { transaction: id })}>Trace a request as it would be after it</a></p>
    <${LoadState} of=${plan} what="What it would do">
      <${Plan} plan=${plan.data} />
      ${mayChange && html`<${CommitForm} ready=${{ transaction: id }} disabled=${plan.data?.verdict === "refused"} onDone=${onEnd} />
        <p><button onClick=${end}>Discard it …</button></p>`}
    </${LoadState}></section>`;
}

/** @param {{ params: Record<string, string> }} props */
export default function TransactionsView({ params }) {
  const newest = useStore(newestVersion);
  const who = useStore(session);
  const [round, setRound] = useState(0);
  const list = useData((signal) => get(PATH, {}, signal), [newest, round]);
  const rows = /** @type {any[]} */ (list.data ?? []);
  const open = rows.find((one) => one.id === params.id);
  const done = () => {
    refine({ id: "" });
    setRound(round + 1);
    refreshVersion().catch(() => {});
  };
  return html`<h1>Transactions</h1>
    <p class="quiet">Changes that somebody began and has not ended, here or by any other client.</p>
    <${LoadState} of=${list} what="The transactions">
      <${Table} label="Transactions" rows=${rows} columns=${COLUMNS} id=${(/** @type {any} */ one) => one.id} />
    </${LoadState}>
    ${open && html`<${OneTransaction} key=${open.id} id=${open.id} mayChange=${Boolean(who?.mayChange)} onEnd=${done} />`}`;
}
