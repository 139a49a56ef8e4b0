// How a frontend, a backend or a group of backends fares, of what HAProxy counts.

/** @import { Traffic, TrafficRow } from "../app/traffic.js" */
/** @import { MapModel, MapNode } from "./map-model.js" */

/**
 * @typedef {object} Health
 * @property {"good" | "bad" | "unsure" | ""} tone
 * @property {string} words
 * @property {number | null} rate Requests or sessions a second.
 * @property {number | null} sessions
 * @property {number} errors Answers from 500 on, a second.
 * @property {number | null} latency Milliseconds.
 */

/** @type {Health} */
const UNKNOWN = { tone: "", words: "", rate: null, sessions: null, errors: 0, latency: null };

/** @param {TrafficRow | undefined} row @returns {Health} */
export function frontendHealth(row) {
  if (!row) return { ...UNKNOWN, tone: "unsure", words: "not loaded" };
  const open = row.status === "OPEN";
  return {
    tone: open ? "good" : "bad", words: open ? "open" : String(row.status).toLowerCase(),
    rate: row.req_rate ?? row.rate, sessions: row.scur, errors: row.hrsp_5xx_per_second ?? 0, latency: null,
  };
}

/** @param {TrafficRow | undefined} row @returns {Health} */
export function backendHealth(row) {
  if (!row) return { ...UNKNOWN, tone: "unsure", words: "not loaded" };
  if (row.servers === 0) return { ...UNKNOWN, words: "no servers", rate: row.rate, sessions: row.scur };
  const up = (row.act ?? 0) + (row.bck ?? 0);
  const isUp = row.status === "UP";
  const some = row.not_up > 0;
  const words = some ? `${row.servers - row.not_up} of ${row.servers} up` : `${row.servers || up} up`;
  return {
    tone: !isUp ? "bad" : some ? "unsure" : "good", words: isUp ? words : String(row.status).toLowerCase(),
    rate: row.rate, sessions: row.scur, errors: row.hrsp_5xx_per_second ?? 0, latency: row.rtime,
  };
}

/** @param {Traffic} traffic @param {string[]} members @returns {Health} */
export function groupHealth(traffic, members) {
  const all = members.map((name) => backendHealth(traffic.backends.get(name)));
  const [down, some] = ["bad", "unsure"].map((tone) => all.filter((one) => one.tone === tone).length);
  const sum = (/** @type {(one: Health) => number | null} */ value) => all.reduce((total, one) => total + (value(one) ?? 0), 0);
  const words = [down && `${down} down`, some && `${some} not whole`].filter(Boolean).join(", ");
  return {
    tone: down ? "bad" : some ? "unsure" : "good", words: words || "all up", rate: sum((one) => one.rate),
    sessions: sum((one) => one.sessions), errors: sum((one) => one.errors), latency: null,
  };
}

const RANKS = /** @type {Record<string, number>} */ ({ bad: 2, unsure: 1 });

/** How bad things are, as a number. @param {Health | undefined} health */
export const rankOf = (health) => RANKS[health?.tone ?? ""] ?? 0;

/** @param {Traffic} traffic @param {MapNode} node */
function healthOf(traffic, node) {
  if (node.kind === "frontend") return frontendHealth(traffic.frontends.get(node.title));
  if (node.kind === "backend") return backendHealth(traffic.backends.get(node.title));
  return groupHealth(traffic, node.members ?? []);
}

/** @param {Health | undefined} one @param {Health} other */
const isSame = (one, other) => one !== undefined && Object.entries(other).every(([name, value]) => /** @type {any} */ (one)[name] === value);

/**
 * Return how each node fares; what has not changed is the same object as before, so that it need not be drawn again.
 *
 * @param {MapModel} model
 * @param {Traffic} traffic
 * @param {Map<string, Health>} before
 * @returns {Map<string, Health>}
 */
export function healths(model, traffic, before) {
  /** @type {Map<string, Health>} */
  const found = new Map();
  if (!traffic.time) return found;
  for (const node of model.nodes.values()) {
    if (node.kind === "rule") continue;
    const [former, health] = [before.get(node.id), healthOf(traffic, node)];
    found.set(node.id, former && isSame(former, health) ? former : health);
  }
  return found;
}

/** The names of backends with which something is wrong, in one text. @param {Traffic} traffic */
export function troubled(traffic) {
  return [...traffic.backends].filter(([, row]) => rankOf(backendHealth(row))).map(([name]) => name).join(" ");
}
