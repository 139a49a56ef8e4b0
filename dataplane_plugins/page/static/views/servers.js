// Servers: how each fares, and what can be done to many at once, with what it does said before.

import { useMemo, useState } from "preact/hooks";

import { formatDuration, formatNumber, formatRate, formatRelative } from "../app/format.js";
import { html } from "../app/html.js";
import { memo } from "../app/memo.js";
import { linkTo, refine } from "../app/router.js";
import { session } from "../app/session.js";
import { useStore } from "../app/store.js";
import { useTraffic } from "../app/traffic.js";
import { Table } from "../parts/table.js";
import { ACTIONS, act, changeWeight } from "./server-actions.js";
import { ServerCharts } from "./server-charts.js";

/** @import { Traffic, TrafficRow } from "../app/traffic.js" */

/** @typedef {{ id: string, backend: string, name: string, row: TrafficRow }} Server */

/** @param {Traffic} traffic @returns {Server[]} */
function serversOf(traffic) {
  return [...traffic.servers].map(([id, row]) => {
    const at = id.indexOf("/");
    return { id, backend: id.slice(0, at), name: id.slice(at + 1), row };
  });
}

const TONES = /** @type {[RegExp, string][]} */ ([[/^UP|^no check/, "good"], [/^DOWN/, "bad"], [/^DRAIN|^MAINT|^NOLB/, "unsure"]]);

/** @param {string} status */
export const toneOf = (status) => TONES.find(([pattern]) => pattern.test(status))?.[1] ?? "";

/** @param {{ server: Server }} props */
function Status({ server }) {
  const { status, lastchg, last_chk: check } = server.row;
  return html`<span class=${`badge ${toneOf(status)}`} title=${[check, lastchg && `since ${formatRelative(lastchg * 1000)}`].filter(Boolean).join(", ")}>${status}</span>`;
}

/** @type {import("../parts/table.js").Column<Server>[]} */
const COLUMNS = [
  { name: "name", title: "Server", sort: (one) => one.name, show: (one) => html`<a href=${linkTo("servers", { backend: one.backend, server: one.name })}>${one.name}</a>` },
  { name: "backend", title: "Backend", sort: (one) => one.backend, show: (one) => html`<a href=${linkTo("map", { chosen: `backend:${one.backend}` })}>${one.backend}</a>` },
  { name: "status", title: "State", sort: (one) => one.row.status, show: (one) => html`<${Status} server=${one} />` },
  { name: "weight", title: "Weight", number: true, sort: (one) => one.row.weight, show: (one) => formatNumber(one.row.weight) },
  { name: "scur", title: "Sessions", number: true, sort: (one) => one.row.scur, show: (one) => formatNumber(one.row.scur) },
  { name: "rate", title: "Rate", number: true, sort: (one) => one.row.rate, show: (one) => formatRate(one.row.rate) },
  { name: "errors", title: "Errors", number: true, sort: (one) => one.row.hrsp_5xx, show: (one) => formatNumber((one.row.hrsp_5xx ?? 0) + (one.row.econ ?? 0) + (one.row.eresp ?? 0)) },
  { name: "rtime", title: "Answers in", number: true, sort: (one) => one.row.rtime, show: (one) => (one.row.rtime ? formatDuration(one.row.rtime) : "–") },
  { name: "check", title: "Check", sort: (one) => one.row.check_status, show: (one) => one.row.last_chk ?? one.row.check_status ?? "–" },
  { name: "addr", title: "Address", sort: (one) => one.row.addr, show: (one) => html`<code>${one.row.addr ?? "–"}</code>` },
];

/** @param {{ chosen: Server[], all: Server[], onDone: () => void }} props */
function Actions({ chosen, all, onDone }) {
  const none = chosen.length === 0;
  const ended = (/** @type {boolean} */ isDone) => isDone && onDone(); // who thinks better of it has them chosen still
  return html`<div class="actions" role="group" aria-label="Actions on the chosen servers">
    ${ACTIONS.map((action) => html`<button key=${action.state} disabled=${none} onClick=${() => act(action, chosen).then(ended)}>${action.title} …</button>`)}
    <button disabled=${none} onClick=${() => changeWeight(chosen, all).then(ended)}>Weight …</button>
    <span class="quiet" role="status">${none ? "Choose servers to act on them." : `${chosen.length} chosen`}</span>
  </div>`;
}

/** @typedef {{ params: Record<string, string>, backends: string[] }} FilterProps */

const Filters = memo((/** @type {FilterProps} */ { params, backends }) => {
  const take = (/** @type {string} */ name) => (/** @type {any} */ event) => refine({ [name]: event.target.value });
  return html`<div class="toolbar">
    <label>Search <input type="search" data-search value=${params.search ?? ""} onInput=${take("search")} /></label>
    <label>Backend <select value=${params.backend ?? ""} onChange=${take("backend")}>
      <option value="">all</option>${backends.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>
    <label>State <select value=${params.state ?? ""} onChange=${take("state")}>
      <option value="">any</option><option value="good">up</option><option value="bad">down</option><option value="unsure">drain or maintenance</option></select></label>
    <a href=${linkTo("forms", { add: "server", backend: params.backend })}>Add a server</a>
  </div>`;
});

/** @param {{ params: Record<string, string> }} props */
export default function ServersView({ params }) {
  const { backend = "", search = "", state = "", server = "" } = params;
  const traffic = useTraffic(backend || "*");
  const who = useStore(session);
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const servers = useMemo(() => serversOf(traffic), [traffic]);
  const wanted = search.toLowerCase();
  const rows = useMemo(() => servers.filter((one) => (!backend || one.backend === backend) && (!state || toneOf(one.row.status) === state)
    && (!wanted || one.id.toLowerCase().includes(wanted) || String(one.row.addr).includes(wanted))), [servers, backend, state, wanted]);
  const picked = useMemo(() => servers.filter((one) => chosen.has(one.id)), [servers, chosen]);
  const names = [...traffic.backends.keys()].sort().join(" ");
  const backends = useMemo(() => names.split(" ").filter(Boolean), [names]);
  return html`<h1>Servers</h1>
    <${Filters} params=${params} backends=${backends} />
    ${who?.mayChange && html`<${Actions} chosen=${picked} all=${servers} onDone=${() => setChosen(new Set())} />`}
    ${traffic.away && html`<p class="problem" role="status">${traffic.away}</p>`}
    ${!traffic.time ? html`<p class="quiet" role="status">Loading servers …</p>`
      : html`<${Table} label="Servers" rows=${rows} columns=${COLUMNS} id=${(/** @type {Server} */ one) => one.id}
          chosen=${chosen} onChoose=${who?.mayChange ? setChosen : undefined} />`}
    ${backend && server && html`<${ServerCharts} key=${`${backend}/${server}`} backend=${backend} server=${server} row=${traffic.servers.get(`${backend}/${server}`)} />`}`;
}
