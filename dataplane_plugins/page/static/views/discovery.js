// Service discovery: the sources (Consul, AWS), and how each fares.

import { useEffect } from "preact/hooks";

import { PREFIX, get } from "../app/api.js";
import { formatCount, formatRelative } from "../app/format.js";
import { html } from "../app/html.js";
import { useData } from "../app/use-data.js";
import { LoadState } from "../parts/load-state.js";
import { Values } from "./map-details.js";

const PATH = `${PREFIX}/v3/service_discovery`;
const LOOK_EVERY = 5000;
const KINDS = /** @type {const} */ ([["consul", "Consul"], ["aws", "AWS"]]);

/** @param {AbortSignal} signal */
async function loadSources(signal) {
  const [status, ...lists] = await Promise.all([
    get(`${PATH}/status`, {}, signal).catch(() => []),
    ...KINDS.map(([kind]) => get(`${PATH}/${kind}`, {}, signal).catch(() => [])),
  ]);
  return lists.flatMap((list, at) => list.map((/** @type {any} */ source) => ({
    kind: KINDS[at][1], source, state: (Array.isArray(status) ? status : []).find((/** @type {any} */ one) => one.id === source.id),
  })));
}

const MILLISECONDS = 1000; // the API tells these times in seconds

/** @param {{ kind: string, source: any, state: any }} props */
function Source({ kind, source, state }) {
  const problem = state?.failures > 0 ? state.message : "";
  return html`<section class="card" aria-label=${`${kind} ${source.name ?? source.id}`}>
    <h2>${kind}: ${source.name ?? source.address ?? source.region ?? source.id}</h2>
    <p>${source.enabled ? html`<span class=${`badge ${problem ? "bad" : "good"}`}>${problem ? "has a problem" : "followed"}</span>` : html`<span class="badge">switched off</span>`}
      ${problem && html` <span class="problem">${problem}</span>`}
      ${state?.last_success && html` <span class="quiet">last answer ${formatRelative(state.last_success * MILLISECONDS)}: ${formatCount(state.services, "service")}, ${formatCount(state.servers, "server")}</span>`}</p>
    <${Values} values=${source} />
  </section>`;
}

export default function DiscoveryView() {
  const sources = useData(loadSources, []);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || sources.reload(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [sources.reload]);
  return html`<h1>Discovery</h1>
    <p class="quiet">Services of these sources become backends, and their nodes servers.</p>
    <${LoadState} of=${sources} what="The sources">
      ${sources.data?.length === 0 && html`<p>No source is configured.</p>`}
      ${(sources.data ?? []).map((/** @type {any} */ one) => html`<${Source} key=${one.source.id} ...${one} />`)}
    </${LoadState}>`;
}
