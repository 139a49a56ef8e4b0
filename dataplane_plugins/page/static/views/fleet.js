// The fleet: its members, what each has, and how the newest version gets to them.

import { useEffect, useState } from "preact/hooks";

import { OWN, change, get } from "../app/api.js";
import { formatClock, formatCount, formatRelative } from "../app/format.js";
import { html } from "../app/html.js";
import { session } from "../app/session.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { announceError } from "../parts/announce.js";
import { confirmFirst } from "../parts/dialog.js";
import { Diff } from "../parts/diff.js";
import { LoadState } from "../parts/load-state.js";
import { Table } from "../parts/table.js";

const LOOK_EVERY = 2000;
const TONES = /** @type {Record<string, string>} */ ({
  applied: "good", taking: "busy", held: "busy", refused: "bad", apart: "bad", waiting: "bad",
  done: "good", running: "busy", paused: "busy", returning: "busy", stopped: "bad", aborted: "bad", rolled_back: "busy",
});
const NEXT = /** @type {Record<string, string[]>} */ ({
  running: ["pause", "abort", "return"], paused: ["resume", "abort", "return"], stopped: ["resume", "start", "abort", "return"],
  aborted: ["start", "return"], done: ["return"],
});
const WORDS = /** @type {Record<string, string>} */ ({
  start: "Begin once more", pause: "Pause", resume: "Go on", abort: "Abort", return: "Put back what was before",
  retry: "Try again", take: "Take what the fleet has", offer: "Give the fleet what it has",
  drain: "Take no new connections", ready: "Take connections", exclude: "Leave out of the roll-out", include: "Take into the roll-out",
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

/**
 * @param {string} path @param {string} action @param {string} title @param {() => void} then
 * @param {any} [json] What is sent, if not the action.
 */
async function decide(path, action, title, then, json = { action }) {
  const answer = await confirmFirst({ title, body: html`<p>${WORDS[action]}?</p>`, action: WORDS[action], ask: "Reason" });
  if (answer === null) return;
  try {
    await change("POST", `${OWN}/fleet/${path}`, { json, reason: answer });
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

/** One member: what it has otherwise, what has happened there, and what can be done. @param {{ node: any, rollout: any, mayChange: boolean, reload: () => void }} props */
function Member({ node, rollout, mayChange, reload }) {
  const path = `nodes/${encodeURIComponent(node.name)}`;
  const diff = useData((/** @type {AbortSignal} */ signal) => get(`${OWN}/fleet/${path}/diff`, {}, signal), [path, node.version]);
  const log = useData((/** @type {AbortSignal} */ signal) => get(`${OWN}/fleet/${path}/log`, { limit: 20 }, signal), [path, node.since]);
  const place = (rollout?.excluded ?? []).includes(node.name) ? "include" : "exclude";
  return html`<section class="card" aria-label=${`Member ${node.name}`}>
    <h2>${node.name}</h2>
    ${mayChange && html`<div class="toolbar actions">
      ${["drain", "ready"].map((action) => html`<button key=${action}
        onClick=${() => decide("runtime", action, node.name, reload, { nodes: [node.name], traffic: action })}>${WORDS[action]} …</button>`)}
      ${rollout && html`<button onClick=${() => decide(path, place, node.name, reload)}>${WORDS[place]} …</button>`}</div>`}
    <${LoadState} of=${diff} what="What differs there">
      ${diff.data?.diff ? html`<${Diff} text=${diff.data.diff} label=${`What differs on ${node.name}`} />` : html`<p class="quiet">It has what the fleet has.</p>`}
      ${diff.data?.files?.length > 0 && html`<p>Files that differ: ${diff.data?.files.join(", ")}</p>`}
    </${LoadState}>
    <${LoadState} of=${log} what="What has happened there">
      <ol class="plain">${(log.data ?? []).map((/** @type {any} */ one, /** @type {number} */ index) => html`<li key=${index}>
        <time datetime=${one.time}>${formatClock(one.time)}</time> ${one.kind}: ${one.state ?? one.status ?? ""} ${one.reason ?? ""}</li>`)}</ol>
    </${LoadState}>
  </section>`;
}

const STATISTICS = [
  { name: "name", title: "Name", show: (/** @type {any} */ one) => (one.backend_name ? `${one.backend_name}/${one.name}` : one.name), sort: (/** @type {any} */ one) => one.name },
  { name: "type", title: "Kind", show: (/** @type {any} */ one) => one.type, sort: (/** @type {any} */ one) => one.type },
  { name: "status", title: "State", show: (/** @type {any} */ one) => one.stats.status ?? "" },
  ...[["scur", "Now"], ["stot", "Sessions"], ["hrsp_5xx", "5xx"], ["weight", "Weight"]].map(([name, title]) => ({
    name, title, number: true, show: (/** @type {any} */ one) => one.stats[name] ?? "", sort: (/** @type {any} */ one) => one.stats[name],
  })),
];

/** What HAProxy has counted on all members together. */
function Statistics() {
  const found = useData((/** @type {AbortSignal} */ signal) => get(`${OWN}/fleet/statistics`, {}, signal), []);
  const lacking = (found.data?.nodes ?? []).filter((/** @type {any} */ one) => one.error);
  return html`<section class="card" aria-label="Statistics of all members"><h2>All members together</h2>
    <${LoadState} of=${found} what="The statistics">
      ${lacking.map((/** @type {any} */ one) => html`<p key=${one.name} class="problem">${one.name}: ${one.error}</p>`)}
      <${Table} label="Statistics" rows=${found.data?.stats ?? []} columns=${STATISTICS}
        id=${(/** @type {any} */ one) => `${one.type} ${one.backend_name ?? ""}/${one.name}`} name=${(/** @type {any} */ one) => one.name} />
    </${LoadState}></section>`;
}

export default function FleetView() {
  const [open, setOpen] = useState("");
  const [counts, setCounts] = useState(false);
  const fleet = useData(loadFleet, []);
  const mayChange = Boolean(useStore(session)?.mayChange);
  useEvents(["fleet", "version"], fleet.reload);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || !fleet.data?.fleet || fleet.reload(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [fleet.reload, fleet.data?.fleet]);
  const columns = [{ ...COLUMNS[0], show: (/** @type {any} */ node) => html`<button class="link" aria-expanded=${node.name === open}
    onClick=${() => setOpen(node.name === open ? "" : node.name)}>${node.name}</button>` }, ...COLUMNS.slice(1)];
  const { fleet: name, nodes = [], alarms = [], newest, leader, rollout } = fleet.data ?? {};
  return html`<h1>Fleet</h1>
    <${LoadState} of=${fleet} what="The fleet">
      ${name === undefined ? html`<p>This server is in no fleet: the setting <code>fleet.store</code> makes it a member of one.</p>`
        : html`<p class="quiet">${name}: ${formatCount(nodes.length, "member")}${newest ? `, version ${newest.version} by ${newest.node}` : ""}${leader ? `, led by ${leader}` : ""}.</p>
        ${alarms.length > 0 && html`<ul role="alert">${alarms.map((/** @type {string} */ one) => html`<li key=${one} class="problem">${one}</li>`)}</ul>`}
        ${rollout && html`<${Rollout} rollout=${rollout} mayChange=${mayChange} reload=${fleet.reload} />`}
        ${mayChange && html`<${Lacking} nodes=${nodes} reload=${fleet.reload} />`}
        <${Table} label="Members" rows=${nodes} columns=${columns} id=${(/** @type {any} */ node) => node.name} name=${(/** @type {any} */ node) => node.name} />
        ${nodes.filter((/** @type {any} */ node) => node.name === open).map((/** @type {any} */ node) => html`<${Member} key=${node.name}
          node=${node} rollout=${rollout} mayChange=${mayChange} reload=${fleet.reload} />`)}
        <p><button aria-expanded=${counts} onClick=${() => setCounts(!counts)}>Statistics of all members</button></p>
        ${counts && html`<${Statistics} />`}`}
    </${LoadState}>`;
}
