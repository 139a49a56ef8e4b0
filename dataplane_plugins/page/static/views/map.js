// The map: what is exposed, where requests go, and how each part fares, in one picture.

import { useCallback, useMemo } from "preact/hooks";

import { CONFIGURATION, get } from "../app/api.js";
import { formatCount, formatRate } from "../app/format.js";
import { html } from "../app/html.js";
import { linkTo, navigate, refine, route } from "../app/router.js";
import { version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useTraffic } from "../app/traffic.js";
import { useData } from "../app/use-data.js";
import { LoadState } from "../parts/load-state.js";
import { Details } from "./map-details.js";
import { troubled } from "./map-health.js";
import { makeModel, pathThrough } from "./map-model.js";
import { Picture } from "./map-picture.js";

/** @import { Traffic } from "../app/traffic.js" */
/** @import { MapNode } from "./map-model.js" */

/** @param {AbortSignal} signal */
async function loadSections(signal) {
  const [frontends, backends, listens] = await Promise.all([
    get(`${CONFIGURATION}/frontends`, { full_section: true }, signal),
    get(`${CONFIGURATION}/backends`, {}, signal),
    get(`${CONFIGURATION}/listens`, { full_section: true }, signal).catch(() => []),
  ]);
  const both = listens.map((/** @type {any} */ one) => ({ ...one, default_backend: one.name }));
  return { frontends: [...frontends, ...both], backends: [...backends, ...listens] };
}

/** @param {{ sections: any, traffic: Traffic }} props */
function Summary({ sections, traffic }) {
  const rows = [...traffic.backends.values()];
  const down = rows.filter((row) => row.status !== "UP").length;
  const missing = rows.reduce((sum, row) => sum + (row.not_up ?? 0), 0);
  const rate = [...traffic.frontends.values()].reduce((sum, row) => sum + (row.req_rate ?? row.rate ?? 0), 0);
  return html`<p class="summary">
    <span>${formatCount(sections.frontends.length, "frontend")}, ${formatCount(sections.backends.length, "backend")}, ${formatRate(rate)}</span>
    <span role="status" class="alarms">
      ${traffic.away && html`<span class="badge bad">${traffic.away}</span>`}
      ${down > 0 && html`<span class="badge bad">${formatCount(down, "backend")} down</span>`}
      ${missing > 0 && html`<span class="badge unsure">${formatCount(missing, "server")} not up</span>`}
    </span>
  </p>`;
}

/** The keys of groups that are unfolded, as they stand in the address: none has a space in it. @param {string} text */
const keysIn = (text) => new Set(text.split(" ").filter(Boolean));

/** @param {string} group The id of a group to unfold, or to fold again. */
function toggleGroup(group) {
  const open = keysIn(route.get().params.open ?? "");
  const key = group.slice(6);
  if (!open.delete(key)) open.add(key);
  refine({ open: [...open].join(" ") });
}

/** @param {MapNode} node */
function choose(node) {
  const { chosen } = route.get().params;
  if (node.kind === "group") toggleGroup(node.id);
  else if (node.many && node.group) toggleGroup(node.group);
  else refine({ chosen: node.id === chosen ? "" : node.id });
}

/** @param {{ params: Record<string, string>, trouble: number }} props */
function Tools({ params, trouble }) {
  const { chosen, search = "", open, only } = params;
  return html`<div class="toolbar">
    <label>Search <input type="search" data-search value=${search} placeholder="backend, frontend or path" onInput=${(/** @type {any} */ event) => refine({ search: event.target.value })} /></label>
    ${(trouble > 0 || only) && html`<button aria-pressed=${Boolean(only)} onClick=${() => refine({ only: only ? "" : "trouble" })}>Only what is in trouble (${trouble})</button>`}
    ${open && html`<button onClick=${() => refine({ open: "" })}>Fold all</button>`}
    ${chosen && html`<button onClick=${() => refine({ chosen: "" })}>Show everything</button>`}
    <a href=${linkTo("trace")}>Trace a request</a>
  </div>`;
}

/** @param {{ params: Record<string, string> }} props */
export default function MapView({ params }) {
  const newest = useStore(newestVersion);
  const sections = useData(loadSections, [newest]);
  const traffic = useTraffic();
  const { chosen = "", search = "", open = "" } = params;
  const focus = chosen.startsWith("backend:") ? chosen.slice(8) : "";
  const names = useMemo(() => troubled(traffic), [traffic]);
  const only = params.only && traffic.time ? names : null;
  const model = useMemo(
    () => makeModel(sections.data?.frontends ?? [], sections.data?.backends ?? [],
      { unfolded: keysIn(open), search, focus, only: only === null ? null : keysIn(only) }),
    [sections.data, open, search, focus, only],
  );
  const node = model.nodes.get(chosen);
  const lit = useMemo(() => (node ? pathThrough(model, chosen) : null), [model, node, chosen]);
  const close = useCallback(() => refine({ chosen: "" }), []);
  return html`<h1>Map</h1>
    <${Tools} params=${params} trouble=${keysIn(names).size} />
    <${LoadState} of=${sections} what="The configuration">
      <${Summary} sections=${sections.data} traffic=${traffic} />
      ${model.nodes.size === 0 && html`<p class="quiet">${params.only ? "Nothing is in trouble." : "Nothing is like that."}</p>`}
      <div class="map-and-details">
        <${Picture} model=${model} traffic=${traffic} chosen=${chosen} lit=${lit} onChoose=${choose} />
        ${node && html`<${Details} key=${chosen} node=${node} onClose=${close} onGo=${navigate} />`}
      </div>
    </${LoadState}>`;
}
