// The fleet: its members, what each has, and how the newest version gets to them.

import { useEffect } from "preact/hooks";

import { OWN, change, get } from "../app/api.js";
import { formatClock, formatCount, formatRelative } from "../app/format.js";
import { html } from "../app/html.js";
import { session } from "../app/session.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { announceError } from "../parts/announce.js";
import { confirmFirst } from "../parts/dialog.js";
import { LoadState } from "../parts/load-state.js";
import { Table } from "../parts/table.js";

const LOOK_EVERY = 2000;
const TONES = /** @type {Record<string, string>} */ ({
  applied: "good", taking: "busy", held: "busy", refused: "bad", apart: "bad", waiting: "bad",
  done: "good", running: "busy", paused: "busy", returning: "busy", stopped: "bad", aborted: "bad", rolled_back: "busy",
});
const NEXT = /** @type {Record<string, string[]>} */ ({
  running: ["pause", "abort", "return"], paused: ["resume", "abort", "return"], stopped: ["resume", "abort", "return"],
  aborted: ["return"], done: ["return"],
});
const WORDS = /** @type {Record<string, string>} */ ({
  pause: "Pause", resume: "Go on", abort: "Abort", return: "Put back what was before",
  retry: "Try again", take: "Take what the fleet has", offer: "Give the fleet what it has",
});

/** @param {AbortSignal} signal */
const loadFleet = (signal) => get(`${OWN}/fleet`, {}, signal);

/** @param {{ state: string }} props */
const State = ({ state }) => html`<span class=${`badge ${TONES[state] ?? ""}`}>${state.replace("_", " ")}</span>`;

/** @param {any} node */
const stateOf = (node) => (node.is_alive ? (node.state ?? "waiting") : "away");

const COLUMNS = [
  { name: "name", title: "Member", show: (/** @type {any} */ node) => html`<strong>${node.name}</strong>`, sort: (/** @type {any} */ node) => node.name },
  { name: "group", title: "Group", show: (/** @type {any} */ node) => node.group ?? "", sort: (/** @type {any} */ node) => node.group },
  { name: "state", title: "State", show: (/** @type {any} */ node) => html`<${State} state=${stateOf(node)} />`, sort: stateOf },
  { name: "version", title: "Version", number: true, show: (/** @type {any} */ node) => node.version ?? "", sort: (/** @type {any} */ node) => node.version },
  { name: "haproxy", title: "HAProxy", show: (/** @type {any} */ node) => node.haproxy ?? "", sort: (/** @type {any} */ node) => node.haproxy },
  { name: "since", title: "Since", show: (/** @type {any} */ node) => (node.since ? formatRelative(node.since) : ""), sort: (/** @type {any} */ node) => node.since },
  { name: "reason", title: "Why", show: (/** @type {any} */ node) => node.reason ?? "" },
];

/** @param {string} path @param {string} action @param {string} title @param {() => void} then */
async function decide(path, action, title, then) {
  const answer = await confirmFirst({ title, body: html`<p>${WORDS[action]}?</p>`, action: WORDS[action], ask: "Reason" });
  if (answer === null) return;
  try {
    await change("POST", `${OWN}/fleet/${path}`, { json: { action }, reason: answer });
    then();
  } catch (error) {
    announceError(error);
  }
}

/** @param {{ rollout: any, mayChange: boolean, reload: () => void }} props */
function Rollout({ rollout, mayChange, reload }) {
  const wave = rollout.waves.length > 1 ? `, wave ${rollout.wave + 1} of ${rollout.waves.length}` : "";
  return html`<section class="card" aria-label="Roll-out">
    <h2>Version ${rollout.version}: <${State} state=${rollout.state} />${wave}</h2>
    ${rollout.waves.length > 1 && html`<ol>${rollout.waves.map((/** @type {string[]} */ names, /** @type {number} */ index) => html`<li key=${index}
      aria-current=${index === rollout.wave ? "step" : undefined}>${names.join(", ")}</li>`)}</ol>`}
    ${mayChange && html`<div class="toolbar actions">${(NEXT[rollout.state] ?? []).map((action) => html`<button key=${action}
      onClick=${() => decide("rollout", action, `Version ${rollout.version}`, reload)}>${WORDS[action]} …</button>`)}</div>`}
    <ol class="plain">${rollout.log.map((/** @type {any} */ one, /** @type {number} */ index) => html`<li key=${index}>
      <time datetime=${one.time}>${formatClock(one.time)}</time> ${one.text}</li>`)}</ol>
  </section>`;
}

/** What can be decided about members that lack something. @param {{ nodes: any[], reload: () => void }} props */
function Lacking({ nodes, reload }) {
  const deeds = (/** @type {any} */ node) => (node.state === "refused" ? ["retry"] : node.state === "apart" ? ["take", "offer"] : []);
  const lacking = nodes.filter((node) => node.is_alive && deeds(node).length);
  if (!lacking.length) return null;
  return html`<section class="card" aria-label="Members that lack something"><ul>${lacking.map((node) => html`<li key=${node.name}>
    <strong>${node.name}</strong> ${deeds(node).map((action) => html`<button key=${action}
      onClick=${() => decide(`nodes/${encodeURIComponent(node.name)}`, action, node.name, reload)}>${WORDS[action]} …</button>`)}
    ${(node.findings ?? []).map((/** @type {any} */ one, /** @type {number} */ at) => html`<p key=${at} class="problem">
      ${one.line ? `line ${one.line}: ` : ""}${one.message}</p>`)}</li>`)}</ul></section>`;
}

export default function FleetView() {
  const fleet = useData(loadFleet, []);
  const mayChange = Boolean(useStore(session)?.mayChange);
  useEvents(["fleet", "version"], fleet.reload);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || !fleet.data?.fleet || fleet.reload(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [fleet.reload, fleet.data?.fleet]);
  const { fleet: name, nodes = [], alarms = [], newest, leader, rollout } = fleet.data ?? {};
  return html`<h1>Fleet</h1>
    <${LoadState} of=${fleet} what="The fleet">
      ${name === undefined ? html`<p>This server is in no fleet: the setting <code>fleet.store</code> makes it a member of one.</p>`
        : html`<p class="quiet">${name}: ${formatCount(nodes.length, "member")}${newest ? `, version ${newest.version} by ${newest.node}` : ""}${leader ? `, led by ${leader}` : ""}.</p>
        ${alarms.length > 0 && html`<ul role="alert">${alarms.map((/** @type {string} */ one) => html`<li key=${one} class="problem">${one}</li>`)}</ul>`}
        ${rollout && html`<${Rollout} rollout=${rollout} mayChange=${mayChange} reload=${fleet.reload} />`}
        ${mayChange && html`<${Lacking} nodes=${nodes} reload=${fleet.reload} />`}
        <${Table} label="Members" rows=${nodes} columns=${COLUMNS} id=${(/** @type {any} */ node) => node.name} name=${(/** @type {any} */ node) => node.name} />`}
    </${LoadState}>`;
}
