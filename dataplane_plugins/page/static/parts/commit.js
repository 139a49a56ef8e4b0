// The commit of a transaction: a reason, and a time in which the change has to be confirmed.

import { useState } from "preact/hooks";

import { V3, ask } from "../app/api.js";
import { html } from "../app/html.js";
import { refreshVersion } from "../app/state.js";
import { announce } from "./announce.js";
import { lookForWaiting } from "./pending.js";

const WAITS = /** @type {const} */ ([["", "no: it stays"], ["30s", "30 seconds"], ["90s", "90 seconds"], ["5m", "5 minutes"], ["30m", "30 minutes"]]);

/** @param {string} transaction @param {string} reason @param {string} within */
async function commit(transaction, reason, within) {
  const query = { rebase: true, confirm_within: within || undefined };
  const headers = reason ? { "X-Change-Reason": reason } : undefined;
  const { status } = await ask("PUT", `${V3}/transactions/${encodeURIComponent(transaction)}`, { query, headers });
  await refreshVersion();
  if (within) await lookForWaiting();
  announce(status === 202 ? "Committed; HAProxy is reloaded for it." : "Committed; HAProxy has it, without a reload.", { tone: "good" });
}

/**
 * @param {{ transaction: string, disabled?: boolean, onDone: () => void }} props
 */
export function CommitForm({ transaction, disabled, onDone }) {
  const [state, setState] = useState({ busy: false, problem: "" });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setState({ busy: true, problem: "" });
    try {
      await commit(transaction, String(form.get("reason")), String(form.get("within")));
      onDone();
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
