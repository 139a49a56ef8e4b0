// In one line: is HAProxy there, which version of the configuration is in force, does a reload wait?

import { useEffect, useState } from "preact/hooks";

import { CONFIGURATION, PREFIX, get } from "./api.js";
import { html } from "./html.js";
import { linkTo } from "./router.js";
import { createStore, useStore } from "./store.js";
import { useEvents } from "./stream.js";
import { away } from "./traffic.js";

const LOOK_EVERY = 15000;
const LOOK_SOON = 3000; // while HAProxy is not up

/** The newest version of the configuration; views that show it load again when it changes. */
export const version = createStore(0);

/** Ask for the newest version, after a change that the page made itself. */
export async function refreshVersion() {
  version.set(Number(await get(`${CONFIGURATION}/version`)));
}

const HEALTH = /** @type {Record<string, [string, string]>} */ ({
  up: ["good", "HAProxy is up"],
  down: ["bad", "HAProxy is down"],
  unknown: ["unsure", "HAProxy: state unknown"],
});

export function StateOfHaproxy() {
  const newest = useStore(version);
  const isAway = useStore(away) !== "";
  const [health, setHealth] = useState("unknown");
  const [reload, setReload] = useState("");
  const look = () => {
    get(`${PREFIX}/v3/health`).then((data) => setHealth(data.haproxy), () => setHealth("unknown"));
    refreshVersion().catch(() => {});
  };
  useEffect(() => {
    look();
    const every = health === "up" ? LOOK_EVERY : LOOK_SOON;
    const timer = setInterval(() => document.hidden || look(), every); // behind other windows the session may idle
    return () => clearInterval(timer);
  }, [health, isAway]);
  useEvents(["version", "reload", "rolled_back"], ({ kind, data }) => {
    if (kind === "version") version.set(data.version);
    if (kind === "rolled_back") look();
    if (kind === "reload") setReload(data.status);
  });
  const [tone, words] = HEALTH[health] ?? HEALTH.unknown;
  return html`<div class="state" role="status">
    <span class=${`badge ${tone}`}>${words}</span>
    <a href=${linkTo("history")}>version ${newest || "…"}</a>
    ${(reload === "queued" || reload === "begun") && html`<span class="badge busy">reload ${reload}</span>`}
    ${reload === "failed" && html`<a class="badge bad" href=${linkTo("history", { origin: "" })}>last reload failed</a>`}
  </div>`;
}
