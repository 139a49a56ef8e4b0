// The history: who changed what, how HAProxy got it, and the way back.

import { useState } from "preact/hooks";

import { OWN, get } from "../app/api.js";
import { formatClock, formatCount, formatDay, formatRelative } from "../app/format.js";
import { html } from "../app/html.js";
import { linkTo, navigate, refine } from "../app/router.js";
import { version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { LoadState } from "../parts/load-state.js";
import { VersionDetails } from "./history-version.js";

const PAGE = 50;
const ORIGINS = ["request", "transaction", "hand_edit", "discovery", "rollback", "restore"];
const STATES = /** @type {Record<string, [string, string]>} */ ({
  running: ["good", "running"], applied: ["good", "applied without a reload"], waits: ["busy", "waits for a reload"],
  saved: ["", "saved, not brought to HAProxy"], refused: ["bad", "HAProxy refuses it"], rolled_back: ["bad", "taken back"],
});

/** @param {any} record */
export const whoOf = (record) => record.author?.name ?? (record.origin === "hand_edit" ? "somebody with an editor" : record.origin);

/** @param {{ record: any }} props */
export function VersionState({ record }) {
  const [tone, words] = STATES[record.state] ?? ["", record.state];
  return html`<span class=${`badge ${tone}`}>${words}</span>`;
}

/** @param {{ record: any, current: boolean }} props */
function Entry({ record, current }) {
  const touched = (record.resources ?? []).length;
  return html`<li>
    <a href=${linkTo("history", { version: record.version })} aria-current=${current ? "true" : undefined}>
      <strong>Version ${record.version}</strong>
      <time datetime=${record.time} title=${formatRelative(record.time)}>${formatClock(record.time)}</time>
      <span>${whoOf(record)}</span>
      <${VersionState} record=${record} />
      ${record.reload && html`<span class="badge busy" title=${record.reload.reason}>reload</span>`}
      ${record.reason ? html`<q>${record.reason}</q>` : touched > 0 && html`<span class="quiet">${formatCount(touched, "resource")}</span>`}
    </a>
  </li>`;
}

/** Versions under the days on which they were made. @param {{ records: any[], chosen: string }} props */
function Timeline({ records, chosen }) {
  const days = Map.groupBy(records, (record) => formatDay(record.time));
  return html`<ol class="timeline">${[...days].map(([day, ones]) => html`<li key=${day}>
    <h2>${day}</h2>
    <ol>${ones.map((record) => html`<${Entry} key=${record.version} record=${record} current=${String(record.version) === chosen} />`)}</ol>
  </li>`)}</ol>`;
}

/** What is being typed stays when the view is drawn again: the fields only begin with the parameters. @param {{ params: Record<string, string> }} props */
function Filters({ params }) {
  const take = (/** @type {string} */ name) => (/** @type {any} */ event) => refine({ [name]: event.target.value });
  return html`<form class="toolbar" role="search" aria-label="Filter versions" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <label>Who <input data-search defaultValue=${params.who} onChange=${take("who")} /></label>
    <label>Resource <input placeholder="backends/web" defaultValue=${params.resource} onChange=${take("resource")} /></label>
    <label>Origin <select value=${params.origin ?? ""} onChange=${take("origin")}>
      <option value="">any</option>${ORIGINS.map((one) => html`<option key=${one} value=${one}>${one.replace("_", " ")}</option>`)}
    </select></label>
    <label>From <input type="datetime-local" defaultValue=${params.since} onChange=${take("since")} /></label>
    <label>Until <input type="datetime-local" defaultValue=${params.until} onChange=${take("until")} /></label>
  </form>`;
}

/** A local time of a form as the API takes it. @param {string | undefined} local */
function asMoment(local) {
  const moment = new Date(local ?? "");
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString(); // a link may say anything
}

/** @param {{ params: Record<string, string> }} props */
export default function HistoryView({ params }) {
  const newest = useStore(newestVersion);
  const [limit, setLimit] = useState(PAGE);
  const { who, origin, resource } = params;
  const query = { who, origin, resource, since: asMoment(params.since), until: asMoment(params.until), limit };
  const records = useData((signal) => get(`${OWN}/history`, query, signal), [newest, limit, JSON.stringify(params)]);
  useEvents(["reload", "rolled_back", "applied", "refused"], records.reload);
  if (params.version) {
    return html`<${VersionDetails} key=${params.version} version=${Number(params.version)} onBack=${() => navigate("history")} />`;
  }
  return html`<h1>History</h1>
    <${Filters} params=${params} />
    <${LoadState} of=${records} what="The history">
      ${records.data?.length === 0 && html`<p class="quiet">No version is like that.</p>`}
      <${Timeline} records=${records.data ?? []} chosen="" />
      ${records.data?.length === limit && html`<button onClick=${() => setLimit(limit + PAGE)}>Show older versions</button>`}
    </${LoadState}>`;
}
