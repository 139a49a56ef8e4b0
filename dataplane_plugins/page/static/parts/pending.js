// A version that waits to be confirmed: how long is left, and both ways out.

import { useEffect, useState } from "preact/hooks";

import { OWN, change, get } from "../app/api.js";
import { formatDuration } from "../app/format.js";
import { html } from "../app/html.js";
import { session } from "../app/session.js";
import { refreshVersion } from "../app/state.js";
import { createStore, useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { announce, announceError } from "./announce.js";

/** The confirmation that waits, with the moment of its end by this clock; null where none does. */
export const waiting = createStore(/** @type {{ version: number, end: number } | null} */ (null));

/** Ask which version waits to be confirmed, after a change that has to be. */
export async function lookForWaiting() {
  try {
    const [newest] = await get(`${OWN}/confirmations`, { limit: 1 });
    const waits = newest && (newest.state === "waits" || newest.state === "returning");
    waiting.set(waits ? { version: newest.version, end: Date.now() + 1000 * (newest.seconds_left ?? 0) } : null);
  } catch {
    waiting.set(null);
  }
}

/** @param {string} method @param {number} which The version that is shown: by now another one may wait. @param {string} words */
async function settle(method, which, words) {
  try {
    await change(method, `${OWN}/confirmations/${which}`);
    announce(words, { tone: "good" });
    await refreshVersion();
  } catch (error) {
    announceError(error);
  }
  await lookForWaiting();
}

/** @param {{ end: number, onEnd: () => void }} props */
function Countdown({ end, onEnd }) {
  const left = Math.max(0, end - Date.now());
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (left === 0) onEnd();
  }, [left === 0]);
  return html`<strong class="countdown" role="timer">${formatDuration(Math.ceil(left / 1000) * 1000)}</strong>`;
}

export function Pending() {
  const now = useStore(waiting);
  const who = useStore(session);
  useEffect(() => void lookForWaiting(), []);
  useEvents(["confirmation", "rolled_back", "version"], lookForWaiting);
  if (!now) return null;
  return html`<section class="banner pending" aria-label="Waiting to be confirmed">
    <span>Version ${now.version} goes back in <${Countdown} key=${now.version} end=${now.end} onEnd=${lookForWaiting} /> unless it is confirmed.</span>
    ${who?.mayChange && html`<span class="actions">
      <button class="main" onClick=${() => settle("POST", now.version, `Version ${now.version} is confirmed.`)}>Confirm</button>
      <button onClick=${() => settle("DELETE", now.version, `Version ${now.version} was taken back.`)}>Take it back now</button>
    </span>`}
  </section>`;
}
