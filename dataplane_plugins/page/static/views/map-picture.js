// The picture of the map: nodes, and ways that are the broader the more goes along them.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { formatDuration, formatNumber, formatRate } from "../app/format.js";
import { html } from "../app/html.js";
import { memo } from "../app/memo.js";
import { healths, rankOf } from "./map-health.js";
import { curve, layOut } from "./map-layout.js";

/** @import { Traffic } from "../app/traffic.js" */
/** @import { Health } from "./map-health.js" */
/** @import { Layout } from "./map-layout.js" */
/** @import { MapModel, MapNode } from "./map-model.js" */

const HEAVIEST = 4; // as in map.css
const PADDING = 20; // as in map.css
const STEP = 10;

/** The width that a box has for what is in it, in steps: a layout a step is enough. @param {any} box */
function useRoom(box) {
  const [room, setRoom] = useState(0);
  useLayoutEffect(() => {
    const look = () => setRoom(Math.floor((box.current.clientWidth - PADDING) / STEP) * STEP);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return room;
}

/** How broad a way is: a step for each tenfold of its rate. @param {Health | undefined} health */
const weightOf = (health) => (health?.rate ? Math.min(HEAVIEST, 1 + Math.floor(Math.log10(health.rate))) : 0);

/** @param {{ health: Health }} props */
function Numbers({ health: { tone, words, rate, sessions, errors, latency } }) {
  return html`<span class="numbers">
    ${words && html`<span class=${`badge ${tone}`}>${words}</span>`}
    ${errors > 0 && html`<span class="problem" title="answers from 500 on, a second">${formatRate(errors)} errors</span>`}
    <span title="requests or sessions a second">${formatRate(rate)}</span>
    <span title="sessions now">${formatNumber(sessions)} now</span>
    ${latency ? html`<span title="time to the answer">${formatDuration(latency)}</span>` : null}
  </span>`;
}

/**
 * @typedef {object} NodeProps
 * @property {MapNode} node
 * @property {any} box
 * @property {Health | undefined} health
 * @property {boolean} dim
 * @property {boolean} chosen
 * @property {(node: MapNode) => void} onChoose
 */

const Node = memo((/** @type {NodeProps} */ { node, box, health, dim, chosen, onChoose }) => {
  const place = { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` };
  const state = node.kind === "group" ? { "aria-expanded": Boolean(node.open) } : { "aria-pressed": chosen };
  const look = [node.kind, dim && "dim", node.open && "open", health?.tone].filter(Boolean).join(" ");
  // classes are the button's: Chromium forgets to style what is below an element whose class changes while it is moved
  return html`<li style=${place} class=${dim ? "node dim" : "node"}>
    <button class=${look} ...${state} onClick=${() => onChoose(node)} title=${node.title}>
      <span class="title">${node.title}</span>
      ${node.note && html`<span class="quiet note">${node.note}</span>`}
      ${health && node.open && html`<span class=${`badge ${health.tone}`}>${health.words}</span>`}
      ${health && !node.open && html`<${Numbers} health=${health} />`}
    </button>
  </li>`;
});

const Line = memo((/** @type {{ path: string, look: string }} */ { path, look }) => html`<path d=${path} class=${look} />`);

/** @param {{ model: MapModel, layout: Layout, fares: Map<string, Health>, lit: Set<string> | null }} props */
function Ways({ model, layout, fares, lit }) {
  const { boxes, tree } = layout;
  const isLit = (/** @type {string} */ id) => !lit || lit.has(id);
  return model.ways.map(({ from, to }) => {
    const [start, end] = [boxes.get(from), boxes.get(to)];
    const health = fares.get(to) ?? fares.get(model.nodes.get(to)?.to ?? "");
    const look = isLit(from) && isLit(to) ? (lit ? "lit" : "") : "dim";
    return start && end && html`<${Line} key=${`${from} ${to}`} path=${curve(start, end, tree)} look=${`${look} weight-${weightOf(health)}`} />`;
  });
}

/** How each node fares, and a text that changes only when one comes into trouble or out of it. @param {MapModel} model @param {Traffic} traffic */
function useHealths(model, traffic) {
  const before = useRef(/** @type {Map<string, Health>} */ (new Map()));
  const fares = useMemo(() => healths(model, traffic, before.current), [model, traffic]);
  before.current = fares;
  const order = model.large ? [...fares].filter(([, health]) => rankOf(health)).map(([id, health]) => `${id} ${rankOf(health)}`).join("\n") : "";
  return { fares, order };
}

/** @param {{ model: MapModel, traffic: Traffic, chosen: string, lit: Set<string> | null, onChoose: (node: MapNode) => void }} props */
export function Picture({ model, traffic, chosen, lit, onChoose }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const room = useRoom(box);
  const { fares, order } = useHealths(model, traffic);
  const layout = useMemo(() => layOut(model, (id) => rankOf(fares.get(id)), room), [model, order, room]);
  const { boxes, width, height } = layout;
  const nodes = useMemo(() => [...model.nodes.values()].toSorted((a, b) => (boxes.get(a.id)?.x ?? 0) - (boxes.get(b.id)?.x ?? 0)
    || (boxes.get(a.id)?.y ?? 0) - (boxes.get(b.id)?.y ?? 0)), [layout]);
  return html`<div class="map-box" ref=${box} tabindex="0" role="region" aria-label="Map of frontends, rules and backends">
    <div class="map" style=${{ width: `${width}px`, height: `${height}px` }}>
      <svg width=${width} height=${height} aria-hidden="true"><${Ways} model=${model} layout=${layout} fares=${fares} lit=${lit} /></svg>
      <ul>${nodes.map((node) => html`<${Node} key=${node.id} node=${node} box=${boxes.get(node.id)} health=${fares.get(node.id)}
        dim=${Boolean(lit && !lit.has(node.id))} chosen=${node.id === chosen} onChoose=${onChoose} />`)}</ul>
    </div>
  </div>`;
}
