// The map: what is exposed, where requests go, and how each part fares, in one picture.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { CONFIGURATION, get } from "../app/api.js";
import { formatCount, formatDuration, formatNumber, formatRate } from "../app/format.js";
import { html } from "../app/html.js";
import { linkTo, navigate, refine } from "../app/router.js";
import { version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useTraffic } from "../app/traffic.js";
import { useData } from "../app/use-data.js";
import { LoadState } from "../parts/load-state.js";
import { Details } from "./map-details.js";
import { backendHealth, frontendHealth, groupHealth } from "./map-health.js";
import { curve, layOut, widthIn } from "./map-layout.js";
import { makeModel, pathThrough } from "./map-model.js";

/** @import { Traffic } from "../app/traffic.js" */
/** @import { MapModel, MapNode } from "./map-model.js" */

const PADDING = 20; // of the box, both sides, as in map.css

/** @param {Traffic} traffic @param {MapNode} node */
function healthOf(traffic, node) {
  if (node.kind === "frontend") return frontendHealth(traffic.frontends.get(node.title));
  if (node.kind === "backend") return backendHealth(traffic.backends.get(node.title));
  return groupHealth(traffic, node.members ?? []);
}

/** @param {{ traffic: Traffic, node: MapNode }} props */
function Numbers({ traffic, node }) {
  if (!traffic.time) return null;
  const { tone, words, rate, sessions, errors, latency } = healthOf(traffic, node);
  return html`<span class="numbers">
    ${words && html`<span class=${`badge ${tone}`}>${words}</span>`}
    <span title="requests or sessions a second">${formatRate(rate)}</span>
    <span title="sessions now">${formatNumber(sessions)} now</span>
    ${errors > 0 && html`<span class="problem" title="answers from 500 on, a second">${formatRate(errors)} errors</span>`}
    ${latency ? html`<span title="time to the answer">${formatDuration(latency)}</span>` : null}
  </span>`;
}

/**
 * @param {{ node: MapNode, box: any, traffic: Traffic, dim: boolean, chosen: boolean, onChoose: (node: MapNode) => void }} props
 */
function Node({ node, box, traffic, dim, chosen, onChoose }) {
  const place = { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` };
  return html`<li style=${place} class=${`node ${node.kind} ${dim ? "dim" : ""}`}>
    <button aria-pressed=${chosen} onClick=${() => onChoose(node)} title=${node.title}>
      <span class="title">${node.title}</span>
      ${node.note && html`<span class="quiet note">${node.note}</span>`}
      ${node.kind !== "rule" && html`<${Numbers} traffic=${traffic} node=${node} />`}
    </button>
  </li>`;
}

/** How wide the picture may be: as wide as what it stands in. @param {{ current: HTMLElement | null }} box */
function useWidth(box) {
  const [width, setWidth] = useState(widthIn(Infinity));
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => setWidth(widthIn(element.clientWidth - PADDING));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** @param {{ model: MapModel, traffic: Traffic, chosen: string, lit: Set<string> | null, onChoose: (node: MapNode) => void }} props */
export function Picture({ model, traffic, chosen, lit, onChoose }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const width = useWidth(box);
  const { boxes, height } = useMemo(() => layOut(model, width), [model, width]);
  const isLit = (/** @type {string} */ id) => !lit || lit.has(id);
  return html`<div class="map-box" ref=${box} tabindex="0" role="region" aria-label="Map of frontends, rules and backends">
    <div class="map" style=${{ width: `${width}px`, height: `${height}px` }}>
      <svg width=${width} height=${height} aria-hidden="true">
        ${model.ways.map(({ from, to }) => {
          const [start, end] = [boxes.get(from), boxes.get(to)];
          return start && end && html`<path key=${`${from} ${to}`} d=${curve(start, end)} class=${isLit(from) && isLit(to) ? (lit ? "lit" : "") : "dim"} />`;
        })}
      </svg>
      <ul>${[...model.nodes.values()].map((node) => html`<${Node} key=${node.id} node=${node} box=${boxes.get(node.id)}
        traffic=${traffic} dim=${!isLit(node.id)} chosen=${node.id === chosen} onChoose=${onChoose} />`)}</ul>
    </div>
  </div>`;
}

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
  const rate = [...traffic.frontends.values()].reduce((sum, row) => sum + (row.req_rate ?? row.rate ?? 0), 0);
  return html`<p class="summary" role="status">
    ${formatCount(sections.frontends.length, "frontend")}, ${formatCount(sections.backends.length, "backend")}, ${formatRate(rate)}
    ${traffic.away && html` <span class="badge bad">${traffic.away}</span>`}
    ${down > 0 && html` <span class="badge bad">${formatCount(down, "backend")} down</span>`}
  </p>`;
}

/** @param {{ params: Record<string, string> }} props */
export default function MapView({ params }) {
  const newest = useStore(newestVersion);
  const sections = useData(loadSections, [newest]);
  const traffic = useTraffic();
  const [unfolded, setUnfolded] = useState(/** @type {Set<string>} */ (new Set()));
  const { chosen = "", search = "" } = params;
  const focus = chosen.startsWith("backend:") ? chosen.slice(8) : "";
  const model = useMemo(
    () => makeModel(sections.data?.frontends ?? [], sections.data?.backends ?? [], { unfolded, search, focus }),
    [sections.data, unfolded, search, focus],
  );
  const node = model.nodes.get(chosen);
  const choose = (/** @type {MapNode} */ one) => {
    if (one.kind === "group") setUnfolded(new Set([...unfolded, one.id.slice(6)]));
    else refine({ chosen: one.id === chosen ? "" : one.id });
  };
  return html`<h1>Map</h1>
    <div class="toolbar">
      <label>Search <input type="search" data-search value=${search} onInput=${(/** @type {any} */ event) => refine({ search: event.target.value })} /></label>
      ${unfolded.size > 0 && html`<button onClick=${() => setUnfolded(new Set())}>Fold all</button>`}
      ${chosen && html`<button onClick=${() => refine({ chosen: "" })}>Show everything</button>`}
      <a href=${linkTo("trace")}>Trace a request</a>
    </div>
    <${LoadState} of=${sections} what="The configuration">
      <${Summary} sections=${sections.data} traffic=${traffic} />
      <div class="map-and-details">
        <${Picture} model=${model} traffic=${traffic} chosen=${chosen} lit=${node ? pathThrough(model, chosen) : null} onChoose=${choose} />
        ${node && html`<${Details} key=${chosen} node=${node} onClose=${() => refine({ chosen: "" })} onGo=${navigate} />`}
      </div>
    </${LoadState}>`;
}
