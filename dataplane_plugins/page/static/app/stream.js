// What happens, as it happens: one stream of events for the page, which comes again by itself.

import { useEffect, useRef } from "preact/hooks";

import { OWN, connection, get } from "./api.js";

const KINDS = [
  "version", "applied", "rolled_back", "refused", "reload", "server_state", "certificate", "drift",
  "confirmation", "gap",
];
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;

/** @typedef {{ kind: string, data: any, id: string }} ServerEvent */

/** @type {Set<{ kinds: string[], take: (event: ServerEvent) => void }>} */
const listeners = new Set();
/** @type {EventSource | null} */
let source = null;
let last = "";
let wait = FIRST_WAIT;
let timer = 0;

/** @param {string} kind @param {MessageEvent} message */
function deliver(kind, message) {
  last = message.lastEventId || last;
  let data;
  try {
    data = JSON.parse(message.data);
  } catch {
    return; // a line that was cut: the next event tells where the stream goes on
  }
  for (const listener of [...listeners]) {
    if (listener.kinds.includes(kind)) listener.take({ kind, data, id: message.lastEventId });
  }
}

function reconnect() {
  close();
  if (!listeners.size) return;
  timer = window.setTimeout(async () => {
    timer = 0;
    // a stream does not say why it ended: this request finds out whether it was the session
    await get(`${OWN}/session`).catch(() => {});
    if (connection.get().known !== false) open();
  }, wait);
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

function open() {
  // a browser has few connections to one server: pages that nobody sees leave theirs to others
  if (source || !listeners.size || document.hidden) return;
  const after = last ? `?after=${encodeURIComponent(last)}` : "";
  source = new EventSource(`${OWN}/events${after}`);
  source.onopen = () => {
    wait = FIRST_WAIT;
    connection.merge({ reachable: true });
  };
  source.onerror = reconnect;
  for (const kind of KINDS) source.addEventListener(kind, (message) => deliver(kind, message));
}

function close() {
  window.clearTimeout(timer);
  timer = 0;
  source?.close();
  source = null;
}

connection.listen(() => {
  const { known } = connection.get();
  if (known === false) close();
  else if (known && !timer) open();
});

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));

/**
 * Call a function for each event of some kinds, until the returned function is called.
 *
 * @param {string[]} kinds
 * @param {(event: ServerEvent) => void} take
 */
export function follow(kinds, take) {
  const listener = { kinds, take };
  listeners.add(listener);
  open();
  return () => {
    listeners.delete(listener);
    if (!listeners.size) close();
  };
}

/**
 * Follow events while the component is shown.
 *
 * @param {string[]} kinds
 * @param {(event: ServerEvent) => void} take
 */
export function useEvents(kinds, take) {
  const newest = useRef(take);
  newest.current = take;
  useEffect(() => follow(kinds, (event) => newest.current(event)), [kinds.join()]);
}
