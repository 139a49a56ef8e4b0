// The end of a change: a reason, and a time in which it has to be confirmed.

import { useState } from "preact/hooks";

import { OWN, V3, ask } from "../app/api.js";
import { ends } from "../app/draft.js";
import { html } from "../app/html.js";
import { refreshVersion } from "../app/state.js";
import { announce } from "./announce.js";
import { lookForWaiting } from "./pending.js";

const WAITS = /** @type {const} */ ([["", "no: it stays"], ["30s", "30 seconds"], ["90s", "90 seconds"], ["5m", "5 minutes"], ["30m", "30 minutes"]]);

/**
 * A change that is ready: a transaction, or a whole text made of a version.
 *
 * @typedef {{ transaction: string } | { text: string, version: number }} Ready
 */

/** @param {Ready} ready @param {Record<string, string | undefined>} query @param {Record<string, string>} headers */
function send(ready, query, headers) {
  if ("transaction" in ready) {
    const path = `${V3}/transactions/${encodeURIComponent(ready.transaction)}`;
    return ends(ready.transaction, () => ask("PUT", path, { query: { ...query, rebase: true }, headers }));
  }
  return ask("POST", `${OWN}/apply`, {
    query: { ...query, version: ready.version, brief: true }, body: ready.text, headers: { ...headers, "Content-Type": "text/plain" },
  });
}

/** @param {Ready} ready @param {string} reason @param {string} within @param {() => void} onDone */
async function commit(ready, reason, within, onDone) {
  const headers = /** @type {Record<string, string>} */ (reason ? { "X-Change-Reason": reason } : {});
  const { status, data } = await send(ready, { confirm_within: within || undefined }, headers);
  onDone();
  await refreshVersion();
  if (within) await lookForWaiting();
  const reloads = status === 202 || data?.state === "queued" || data?.state === "reloaded";
  announce(reloads ? "Committed; HAProxy is reloaded for it." : "Committed; HAProxy has it, without a reload.", { tone: "good" });
}

/**
 * @param {{ ready: Ready, disabled?: boolean, onDone: () => void }} props
 */
export function CommitForm({ ready, disabled, onDone }) {
  const [state, setState] = useState({ busy: false, problem: "" });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setState({ busy: true, problem: "" });
    try {
      await commit(ready, String(form.get("reason")), String(form.get("within")), onDone);
    } catch (error) {
      setState({ busy: false, problem: /** @type {Error} */ (error).message });
    }
  };
  return html`<form class="toolbar" onSubmit=${submit} aria-label="Commit">
    <label>Reason <input name="reason" maxlength="1000" placeholder="stands in the history" /></label>
    <label>Goes back unless confirmed within <select name="within">${WAITS.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}</select></label>
    <button class="main" disabled=${disabled || state.busy}>${state.busy ? "Committing …" : "Commit"}</button>
    <p class="problem" role="alert">${state.problem}</p>
  </form>`;
}
