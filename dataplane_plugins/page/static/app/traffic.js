// The traffic of the running HAProxy, as it changes: one stream for all that shows it.

import { useEffect, useRef, useState } from "preact/hooks";

import { OWN, connection } from "./api.js";
import { createStore } from "./store.js";

const LONGEST_WAIT = 15000;

/**
 * The newest picture: rows by name, each an object of its columns, with what changed a second
 * (`…_per_second`) where it counts up.
 *
 * @typedef {Record<string, any>} TrafficRow
 * @typedef {{ time: number, away: string, frontends: Map<string, TrafficRow>, backends: Map<string, TrafficRow>, servers: Map<string, TrafficRow> }} Traffic
 */

const KINDS = /** @type {const} */ (["frontends", "backends", "servers"]);
const COUNTERS = ["stot", "req_tot", "bin", "bout", "hrsp_4xx", "hrsp_5xx"];

/** Why HAProxy tells nothing, as the newest picture has it; empty while it does. */
export const away = createStore("");

/** @returns {Traffic} */
const nothing = () => ({ time: 0, away: "", frontends: new Map(), backends: new Map(), servers: new Map() });

/** @param {string[]} columns @param {any[]} values @param {TrafficRow | undefined} before @param {number} seconds */
function asRow(columns, values, before, seconds) {
  /** @type {TrafficRow} */
  const row = {};
  columns.forEach((name, index) => (row[name] = values[index]));
  for (const name of COUNTERS) {
    if (!columns.includes(name)) continue;
    const grown = before && seconds > 0 ? Math.max(0, row[name] - before[name]) / seconds : 0;
    row[`${name}_per_second`] = grown;
  }
  return row;
}

/** A row that says nothing new has stood still. @param {TrafficRow} row */
function stillRow(row) {
  if (!COUNTERS.some((name) => row[`${name}_per_second`])) return row;
  const still = { ...row };
  for (const name of COUNTERS) if (`${name}_per_second` in still) still[`${name}_per_second`] = 0;
  return still;
}

/**
 * Take one event into a picture.
 *
 * @param {Traffic} before
 * @param {Record<string, string[]>} columns
 * @param {any} data
 * @returns {Traffic}
 */
export function nextTraffic(before, columns, data) {
  const seconds = before.time ? (data.time - before.time) / 1000 : 0;
  const next = { ...nothing(), time: data.time, away: data.away ?? "" };
  for (const kind of KINDS) {
    const rows = data[kind] ?? {};
    if (!data.whole) for (const [name, row] of before[kind]) next[kind].set(name, stillRow(row));
    for (const [name, values] of Object.entries(rows)) {
      if (values === null) next[kind].delete(name);
      else next[kind].set(name, asRow(columns[kind], values, before[kind].get(name), seconds));
    }
  }
  return next;
}

/**
 * Follow the traffic until the returned function is called.
 *
 * @param {string} servers The backend whose servers are wanted too; `*` for all, empty for none.
 * @param {(traffic: Traffic) => void} take
 */
export function followTraffic(servers, take) {
  let traffic = nothing();
  let columns = /** @type {Record<string, string[]>} */ ({});
  let source = /** @type {EventSource | null} */ (null);
  let timer = 0;
  let wait = 1000;
  const open = () => {
    timer = 0;
    if (source || connection.get().known === false) return;
    source = new EventSource(`${OWN}/live?servers=${encodeURIComponent(servers)}`);
    source.addEventListener("traffic", (message) => {
      const data = JSON.parse(message.data);
      columns = data.columns ?? columns;
      traffic = nextTraffic(traffic, columns, data);
      wait = 1000;
      away.set(traffic.away);
      take(traffic);
    });
    source.onerror = () => {
      source?.close();
      source = null;
      timer = window.setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT);
    };
  };
  open();
  const deafen = connection.listen(() => connection.get().known && !timer && open());
  return () => {
    deafen();
    window.clearTimeout(timer);
    source?.close();
  };
}

/**
 * Return the newest traffic while the component is shown and the window can be seen.
 *
 * @param {string} [servers]
 * @returns {Traffic}
 */
export function useTraffic(servers = "") {
  const [traffic, setTraffic] = useState(nothing);
  const seen = useRef(!document.hidden);
  useEffect(() => {
    let stop = seen.current ? followTraffic(servers, setTraffic) : () => {};
    const look = () => {
      stop();
      seen.current = !document.hidden;
      stop = seen.current ? followTraffic(servers, setTraffic) : () => {};
    };
    document.addEventListener("visibilitychange", look);
    return () => (document.removeEventListener("visibilitychange", look), stop());
  }, [servers]);
  return traffic;
}
