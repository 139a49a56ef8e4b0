// What there is to know of a part of the map: values beside raw lines, who wrote them, names both ways, servers.

import { CONFIGURATION, OWN, get } from "../app/api.js";
import { formatDuration, formatRelative, formatTime } from "../app/format.js";
import { html } from "../app/html.js";
import { linkTo } from "../app/router.js";
import { useTraffic } from "../app/traffic.js";
import { useData } from "../app/use-data.js";
import { Chart } from "../parts/chart.js";
import { shortPath } from "../parts/diff.js";
import { LoadState } from "../parts/load-state.js";

/** @import { MapNode } from "./map-model.js" */

/** The path of what a node stands for. @param {MapNode} node */
function pathOf(node) {
  const name = encodeURIComponent(node.name ?? "");
  if (node.kind === "backend") return `${CONFIGURATION}/backends/${name}`;
  const frontend = `${CONFIGURATION}/frontends/${name}`;
  return node.kind === "rule" && (node.index ?? -1) >= 0 ? `${frontend}/backend_switching_rules/${node.index}` : frontend;
}

/** @param {MapNode} node */
const sectionOf = (node) => `${node.kind === "backend" ? "backend" : "frontend"} ${node.name}`;

/** Names and values, those of objects by their own names. @param {Record<string, any>} values @param {string} prefix @returns {[string, any][]} */
function flat(values, prefix = "") {
  return Object.entries(values).flatMap(([name, value]) =>
    (value && typeof value === "object" && !Array.isArray(value) ? flat(value, `${prefix}${name} `) : [[`${prefix}${name}`, value]]));
}

/** @param {{ values: Record<string, any> }} props */
export function Values({ values }) {
  return html`<dl class="facts">${flat(values).map(([name, value]) => html`<div key=${name}>
    <dt>${name}</dt><dd>${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd></div>`)}</dl>`;
}

/** @param {{ path: string }} props */
function Lines({ path }) {
  const lines = useData((signal) => get(`${OWN}/history/newest/blame`, { resource: path }, signal), [path]);
  return html`<${LoadState} of=${lines} what="The lines">
    <pre class="lines" tabindex="0" role="region" aria-label="Lines of the file">${(lines.data ?? []).map((/** @type {any} */ one) => html`<span key=${one.line}
      title=${`line ${one.line}, version ${one.version}, ${one.who ?? one.origin ?? ""} ${one.time ? formatTime(one.time) : ""}`}>${one.text}${"\n"}</span>`)}</pre>
    ${lines.data?.length > 0 && html`<${LastChange} lines=${lines.data} />`}
  </${LoadState}>`;
}

/** @param {{ lines: any[] }} props */
function LastChange({ lines }) {
  const last = lines.reduce((newest, line) => (line.version > newest.version ? line : newest));
  return html`<p class="quiet">Last changed in <a href=${linkTo("history", { version: last.version })}>version ${last.version}</a>
    ${last.who ? ` by ${last.who}` : ""}${last.time ? `, ${formatRelative(last.time)}` : ""}${last.reason ? `: ${last.reason}` : ""}</p>`;
}

/** @param {{ path: string }} props */
function Names({ path }) {
  const names = useData((signal) => get(`${OWN}/references`, { resource: path }, signal), [path]);
  const { referenced_by: by = [], refers_to: to = [] } = names.data ?? {};
  if (!by.length && !to.length) return null;
  return html`<h3>Names</h3><ul>
    ${by.map((/** @type {any} */ one) => html`<li key=${`by ${one.line} ${one.property}`}><code>${shortPath(one.resource)}</code> names it (line ${one.line})</li>`)}
    ${to.map((/** @type {any} */ one) => html`<li key=${`to ${one.line} ${one.name}`}>it names <code>${one.name}</code> (line ${one.line}, ${one.property})</li>`)}
  </ul>`;
}

/** @param {{ backend: string }} props */
function Servers({ backend }) {
  const { servers } = useTraffic(backend);
  const rows = [...servers].filter(([name]) => name.startsWith(`${backend}/`));
  return html`<h3>Servers <a class="small" href=${linkTo("servers", { backend })}>act on them</a></h3>
    <ul class="server-list">${rows.map(([name, row]) => html`<li key=${name}>
      <span class=${`badge ${row.status?.startsWith("UP") || row.status === "no check" ? "good" : row.status?.startsWith("DOWN") ? "bad" : "unsure"}`}>${row.status}</span>
      ${" "}<strong>${name.slice(backend.length + 1)}</strong> <code>${row.addr}</code>
      ${" "}<span class="quiet">${row.scur} sessions${row.rtime ? `, ${formatDuration(row.rtime)}` : ""}${row.lastchg ? `, since ${formatRelative(row.lastchg * 1000)}` : ""}${row.last_chk ? `, ${row.last_chk}` : ""}</span>
    </li>`)}</ul>`;
}

/** @param {{ kind: "frontends" | "backends", name: string }} props */
function LastHour({ kind, name }) {
  const past = useData((signal) => get(`${OWN}/traffic`, { kind, name }, signal), [kind, name]);
  const { times = [], values = {} } = past.data ?? {};
  if (times.length < 2) return html`<p class="quiet">Charts fill while somebody looks: come back in a minute.</p>`;
  const rate = values.rate ?? values.req_rate ?? [];
  return html`<${Chart} title="Requests a second, in the last hour" times=${times} lines=${[{ name: "requests", values: rate }]} />
    <${Chart} title="Sessions" times=${times} lines=${[{ name: "sessions", values: values.scur ?? [] }]} />`;
}

/** @param {{ node: MapNode, onClose: () => void }} props */
export function Details({ node, onClose }) {
  const path = pathOf(node);
  const values = useData((signal) => get(path, {}, signal), [path]);
  const isProxy = node.kind !== "rule";
  const asResource = path.slice(path.indexOf("/v3/"));
  return html`<aside class="card details" aria-label=${`Details of ${node.kind} ${node.title}`}>
    <header class="actions"><h2>${isProxy ? sectionOf(node) : `rule of frontend ${node.name}`}</h2><span class="room"></span>
      <button class="plain" aria-label="Close the details" onClick=${onClose}>×</button></header>
    ${node.kind === "backend" && html`<${Servers} backend=${node.name} />`}
    ${isProxy && html`<${LastHour} kind=${node.kind === "backend" ? "backends" : "frontends"} name=${node.name} />`}
    <h3>Values <a class="small" href=${linkTo("forms", { resource: asResource })}>change them</a></h3>
    <${LoadState} of=${values} what="The values"><${Values} values=${values.data ?? {}} /></${LoadState}>
    <h3>Lines</h3><${Lines} path=${asResource} />
    <${Names} path=${asResource} />
  </aside>`;
}
