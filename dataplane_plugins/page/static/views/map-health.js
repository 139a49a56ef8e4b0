// How a frontend, a backend or a group of backends fares, of what HAProxy counts.

/** @import { Traffic, TrafficRow } from "../app/traffic.js" */

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
  const down = all.filter((one) => one.tone === "bad").length;
  const sum = (/** @type {(one: Health) => number | null} */ value) => all.reduce((total, one) => total + (value(one) ?? 0), 0);
  return {
    tone: down ? "bad" : "good", words: down ? `${down} down` : "all up", rate: sum((one) => one.rate),
    sessions: sum((one) => one.sessions), errors: sum((one) => one.errors), latency: null,
  };
}
