// Stick tables: what is in them, as it changes.

import { useEffect } from "preact/hooks";

import { V3, get } from "../app/api.js";
import { formatDuration, formatNumber } from "../app/format.js";
import { html } from "../app/html.js";
import { refine } from "../app/router.js";
import { useData } from "../app/use-data.js";
import { LoadState } from "../parts/load-state.js";
import { Table } from "../parts/table.js";

const PATH = `${V3}/runtime/stick_tables`;
const LOOK_EVERY = 3000;
const MOST = 500;

/** @type {import("../parts/table.js").Column<any>[]} */
const TABLES = [
  { name: "name", title: "Table", sort: (one) => one.name, show: (one) => html`<button class="link" onClick=${() => refine({ table: one.name })}>${one.name}</button>` },
  { name: "type", title: "Key", sort: (one) => one.type, show: (one) => one.type },
  { name: "used", title: "Entries", number: true, sort: (one) => one.used, show: (one) => formatNumber(one.used) },
  { name: "size", title: "Room for", number: true, sort: (one) => one.size, show: (one) => formatNumber(one.size) },
];
const OF_THE_ENTRY = new Set(["id", "key", "exp", "use"]);

/** @param {any[]} entries @returns {import("../parts/table.js").Column<any>[]} */
function columnsOf(entries) {
  const names = [...new Set(entries.flatMap((one) => Object.keys(one)))].filter((name) => !OF_THE_ENTRY.has(name));
  return [
    { name: "key", title: "Key", sort: (one) => one.key, show: (one) => html`<code>${one.key}</code>` },
    { name: "exp", title: "Expires in", number: true, sort: (one) => one.exp, show: (one) => formatDuration(one.exp) },
    { name: "use", title: "In use", number: true, sort: (one) => Number(one.use), show: (one) => String(one.use) },
    ...names.map((name) => ({
      name, title: name.replaceAll("_", " "), number: true, sort: (/** @type {any} */ one) => one[name],
      show: (/** @type {any} */ one) => (typeof one[name] === "object" ? JSON.stringify(one[name]) : formatNumber(one[name])),
    })),
  ];
}

/** Load again while the view is shown. @param {() => void} reload */
function useRepeat(reload) {
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [reload]);
}

/** @param {{ name: string }} props */
function Entries({ name }) {
  const path = `${PATH}/${encodeURIComponent(name)}/entries`;
  const entries = useData((signal) => get(path, { count: MOST }, signal), [name]);
  useRepeat(entries.reload);
  const rows = /** @type {any[]} */ (entries.data ?? []);
  const columns = columnsOf(rows);
  return html`<h2>Table ${name}</h2>
    <${LoadState} of=${entries} what="The entries">
      <${Table} label=${`Entries of ${name}`} rows=${rows} columns=${columns} id=${(/** @type {any} */ one) => one.id ?? one.key} />
      ${rows.length === MOST && html`<p class="quiet">The first ${MOST} entries are shown.</p>`}
    </${LoadState}>`;
}

/** @param {{ params: Record<string, string> }} props */
export default function TablesView({ params }) {
  const tables = useData((signal) => get(PATH, {}, signal), []);
  useRepeat(tables.reload);
  return html`<h1>Stick tables</h1>
    <${LoadState} of=${tables} what="The tables">
      <${Table} label="Stick tables" rows=${tables.data ?? []} columns=${TABLES} id=${(/** @type {any} */ one) => one.name} />
    </${LoadState}>
    ${params.table && html`<${Entries} key=${params.table} name=${params.table} />`}`;
}
