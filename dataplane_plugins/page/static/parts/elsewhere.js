// Would a change send requests elsewhere? Sample requests are put to the change and to what is there now.

import { useState } from "preact/hooks";

import { OWN, change } from "../app/api.js";
import { html } from "../app/html.js";

/** @import { Ready } from "./commit.js" */

const KEY = "dataplane.samples";

/** Forget the samples: they may be nobody else's. */
export const forgetSamples = () => localStorage.removeItem(KEY);

/** Sample lines as requests: a URL, or `frontend URL`. @param {string} text */
function requestsOf(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [first, second] = line.split(/\s+/);
    return second ? { frontend: first, url: second, name: line } : { url: first, name: line };
  });
}

/** @param {any} result */
function whereTo(result) {
  if (result.outcome !== "forwarded") return [result.outcome.replace("_", " "), result.status].filter(Boolean).join(" ");
  return `backend ${result.backend}`;
}

/** @param {{ results: any[] }} props */
function Results({ results }) {
  return html`<ul>${results.map((one, index) => html`<li key=${index}>
    <span class=${`badge ${one.elsewhere ? "unsure" : "good"}`}>${one.elsewhere ? "goes elsewhere" : "as now"}</span>
    <code>${one.name}</code> ${whereTo(one)}
    ${one.elsewhere && html` <span class="quiet">otherwise than now: ${JSON.stringify(one.before)}</span>`}</li>`)}</ul>`;
}

/** @param {{ ready: Ready }} props */
export function Elsewhere({ ready }) {
  const [samples, setSamples] = useState(localStorage.getItem(KEY) ?? "");
  const [state, setState] = useState({ results: /** @type {any[]} */ ([]), problem: "", busy: false });
  const compare = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    localStorage.setItem(KEY, samples);
    const subject = "transaction" in ready ? { transaction: ready.transaction } : { text: ready.text };
    setState({ results: [], problem: "", busy: true });
    try {
      const { results } = await change("POST", `${OWN}/simulate`, { json: { ...subject, requests: requestsOf(samples) } });
      setState({ results, problem: "", busy: false });
    } catch (error) {
      setState({ results: [], problem: /** @type {Error} */ (error).message, busy: false });
    }
  };
  return html`<form onSubmit=${compare} aria-label="Requests that would go elsewhere">
    <h3>Would requests go elsewhere?</h3>
    <label>One a line: a URL, or a frontend and a URL
      <textarea rows="3" required value=${samples} placeholder="site http://shop.example/cart" onInput=${(/** @type {any} */ event) => setSamples(event.target.value)}></textarea></label>
    <p class="actions"><button disabled=${state.busy}>${state.busy ? "Asking …" : "Compare"}</button></p>
    <div role="status">${state.problem && html`<p class="problem">${state.problem}</p>`}<${Results} results=${state.results} /></div>
  </form>`;
}
