// Maps and ACL lists: what the running HAProxy has in them, searched and edited, and whether the files agree.

import { useState } from "preact/hooks";

import { OWN, V3, change, get } from "../app/api.js";
import { html } from "../app/html.js";
import { refine } from "../app/router.js";
import { session } from "../app/session.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { announce, announceError } from "../parts/announce.js";
import { confirmFirst } from "../parts/dialog.js";
import { LoadState } from "../parts/load-state.js";
import { Table } from "../parts/table.js";

/** @typedef {{ kind: "maps" | "acls", id: string, title: string, note: string, loaded: boolean }} PatternList */

/** Patterns of rules that HAProxy makes for itself, and nobody has written. */
const OF_HAPROXY = /file 'httpclient'/;

/** @param {string} [path] */
const baseName = (path = "") => path.split("/").pop() ?? path;

/** Each is asked for by itself, so that one that fails does not hide the others. @param {AbortSignal} signal */
async function loadLists(signal) {
  const [maps, stored, acls] = await Promise.all([
    get(`${V3}/runtime/maps`, { include_unmanaged: true }, signal).catch(() => []),
    get(`${V3}/storage/maps`, {}, signal).catch(() => []),
    get(`${V3}/runtime/acls`, {}, signal).catch(() => []),
  ]);
  const loaded = new Set(maps.map((/** @type {any} */ one) => one.storage_name));
  /** @type {PatternList[]} */
  const lists = maps.map((/** @type {any} */ one) => ({ kind: "maps", id: one.storage_name ?? `#${one.id}`, title: one.storage_name ?? one.file, note: one.description, loaded: true }));
  const asAcl = new Set(acls.map((/** @type {any} */ one) => baseName(one.storage_name)));
  for (const one of stored) {
    if (!loaded.has(one.storage_name) && !asAcl.has(one.storage_name)) lists.push({ kind: "maps", id: one.storage_name, title: one.storage_name, note: "stored; no rule uses it", loaded: false });
  }
  for (const one of acls.filter((/** @type {any} */ acl) => !OF_HAPROXY.test(acl.description))) {
    lists.push({ kind: "acls", id: `#${one.id}`, title: `ACL ${one.id}: ${baseName(one.storage_name)}`, note: one.description, loaded: true });
  }
  return lists;
}

/** @param {PatternList} list */
const entriesPath = (list) => `${V3}/runtime/${list.kind}/${encodeURIComponent(list.kind === "acls" ? list.id.slice(1) : list.id)}/entries`;

/** @param {() => Promise<any>} send @param {string} done */
async function tell(send, done) {
  try {
    await send();
    announce(done, { tone: "good" });
  } catch (error) {
    announceError(error);
  }
}

/** @param {PatternList} list @param {any} entry @param {() => void} reload */
async function removeEntry(list, entry, reload) {
  const key = entry.key ?? entry.value;
  const answer = await confirmFirst({
    title: `Remove ${key}`, body: html`<p>At run time, without a reload: HAProxy no longer finds <code>${key}</code> in ${list.title}.</p>`, action: "Remove", dangerous: true,
  });
  if (answer === null) return;
  const id = list.kind === "acls" ? entry.id : key;
  await tell(() => change("DELETE", `${entriesPath(list)}/${encodeURIComponent(id)}`), `${key} was removed.`);
  reload();
}

/** @param {PatternList} list @param {any} entry @param {() => void} reload */
async function editEntry(list, entry, reload) {
  const answer = await confirmFirst({ title: `Change ${entry.key}`, body: html`<p>Now it is <code>${entry.value}</code>. HAProxy gets the new value at run time, without a reload.</p>`, action: "Change", ask: "New value" });
  if (!answer) return;
  const before = entry.value;
  const send = (/** @type {string} */ value) => change("PUT", `${entriesPath(list)}/${encodeURIComponent(entry.key)}`, { json: { value } });
  try {
    await send(answer);
    announce(`${entry.key} is now ${answer}.`, { tone: "good", undo: () => tell(() => send(before), `${entry.key} is ${before} again.`).then(reload) });
  } catch (error) {
    announceError(error);
  }
  reload();
}

/** @param {PatternList} list @param {(list: PatternList, entry: any) => any} actions @returns {import("../parts/table.js").Column<any>[]} */
function columnsOf(list, actions) {
  const isMap = list.kind === "maps";
  /** @type {import("../parts/table.js").Column<any>[]} */
  const columns = [{ name: "key", title: isMap ? "Key" : "Pattern", sort: (one) => one.key ?? one.value, show: (one) => html`<code>${isMap ? one.key : one.value}</code>` }];
  if (isMap) columns.push({ name: "value", title: "Value", sort: (one) => one.value, show: (one) => html`<code>${one.value}</code>` });
  columns.push({ name: "actions", title: "Actions", show: (one) => actions(list, one) });
  return columns;
}

/** @param {{ list: PatternList, onAdded: () => void }} props */
function AddEntry({ list, onAdded }) {
  const isMap = list.kind === "maps";
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const element = /** @type {HTMLFormElement} */ (event.currentTarget);
    const form = Object.fromEntries(new FormData(element));
    await tell(() => change("POST", entriesPath(list), { json: form }), `${isMap ? form.key : form.value} was added at run time.`);
    element.reset();
    onAdded();
  };
  return html`<form class="toolbar" onSubmit=${submit} aria-label="Add an entry">
    ${isMap && html`<label>Key <input name="key" required /></label>`}
    <label>${isMap ? "Value" : "Pattern"} <input name="value" required /></label>
    <button>Add</button>
  </form>`;
}

/** @param {{ list: PatternList, mayChange: boolean }} props */
function Entries({ list, mayChange }) {
  const entries = useData((signal) => get(entriesPath(list), {}, signal), [list.kind, list.id]);
  const drift = useData((signal) => get(`${OWN}/drift`, {}, signal), []);
  const [search, setSearch] = useState("");
  const all = /** @type {any[]} */ (entries.data ?? []);
  const rows = search ? all.filter((one) => `${one.key ?? ""} ${one.value ?? ""}`.includes(search)) : all;
  const differs = (drift.data?.deviations ?? []).some((/** @type {any} */ one) => ["map", "acl"].includes(one.kind) && one.subject.endsWith(list.title));
  const actions = (/** @type {PatternList} */ of, /** @type {any} */ one) => mayChange && html`
    ${of.kind === "maps" && html`<button onClick=${() => editEntry(of, one, entries.reload)} aria-label=${`Change ${one.key}`}>Change</button> `}
    <button onClick=${() => removeEntry(of, one, entries.reload)} aria-label=${`Remove ${one.key ?? one.value}`}>Remove</button>`;
  return html`<section aria-label=${list.title}><h2>${list.title}</h2>
    <p>${differs ? html`<span class="badge unsure">the file differs</span> The process has other entries than the file.` : html`<span class="badge good">in sync</span>`} <span class="quiet">${list.note}</span></p>
    ${mayChange && html`<${AddEntry} list=${list} onAdded=${entries.reload} />`}
    <div class="toolbar"><label>Search <input type="search" data-search value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} /></label></div>
    <${LoadState} of=${entries} what="The entries">
      <${Table} label=${`Entries of ${list.title}`} rows=${rows} columns=${columnsOf(list, actions)} id=${(/** @type {any} */ one) => one.id ?? one.key} />
    </${LoadState}></section>`;
}

/** @type {import("../parts/table.js").Column<PatternList>[]} */
const LISTS = [
  { name: "title", title: "List", sort: (one) => one.title, show: (one) => html`<button class="link" onClick=${() => refine({ kind: one.kind, list: one.id })}>${one.title}</button>` },
  { name: "kind", title: "Kind", sort: (one) => one.kind, show: (one) => (one.kind === "maps" ? "map" : "ACL") },
  { name: "note", title: "What HAProxy says", show: (one) => html`<span class="quiet">${one.note}</span>` },
];

/** @param {{ params: Record<string, string> }} props */
export default function PatternsView({ params }) {
  const lists = useData(loadLists, []);
  const who = useStore(session);
  useEvents(["reload", "drift"], lists.reload);
  const all = /** @type {PatternList[]} */ (lists.data ?? []);
  const list = all.find((one) => one.kind === params.kind && one.id === params.list);
  return html`<h1>Maps and ACLs</h1>
    <${LoadState} of=${lists} what="The lists">
      <${Table} label="Maps and ACL lists" rows=${all} columns=${LISTS} id=${(/** @type {PatternList} */ one) => `${one.kind} ${one.id}`} />
    </${LoadState}>
    ${list && (list.loaded ? html`<${Entries} key=${`${list.kind}${list.id}`} list=${list} mayChange=${Boolean(who?.mayChange)} />`
      : html`<h2>${list.title}</h2><p>HAProxy has not loaded it: no rule names it.</p>`)}`;
}
