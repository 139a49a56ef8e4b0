// What became of a traced request: the outcome in a sentence, and each rule on the way with how it went.

import { html } from "../app/html.js";
import { linkTo } from "../app/router.js";

/** @import { MapModel } from "./map-model.js" */

const STATES = /** @type {Record<string, [string, string]>} */ ({
  matched: ["good", "matched"], not_matched: ["", "did not match"], not_reached: ["", "not reached"],
});
const OUTCOMES = /** @type {Record<string, string>} */ ({
  answered: "HAProxy answers itself", closed: "HAProxy closes the connection", refused: "HAProxy refuses the connection",
  no_server: "No server can take it", unknown: "It could not be found out",
});

/** @param {any} result */
function outcomeInWords(result) {
  if (result.outcome !== "forwarded") {
    return [OUTCOMES[result.outcome], result.status && `with ${result.status}`, result.location && `to ${result.location}`].filter(Boolean).join(" ");
  }
  const server = result.server ? `server ${result.server}` : result.candidates.length ? `one of ${result.candidates.join(", ")}` : "a server";
  return `It goes to backend ${result.backend}, ${server}`;
}

/** @param {{ what: string, because: any }} props */
function Because({ what, because }) {
  if (!because) return null;
  return html`<li>${what}: <code>${because.text}</code>${because.line ? html` <span class="quiet">line ${because.line}</span>` : null}</li>`;
}

/** @param {{ before: Record<string, any> }} props */
function Before({ before }) {
  return html`<p class="banner">Otherwise than now: ${Object.entries(before).map(([name, value]) => html`<span key=${name}>${name}: now ${JSON.stringify(value?.before ?? value)}${value?.after === undefined ? "" : `, then ${JSON.stringify(value.after)}`}</span>`)}</p>`;
}

/** @param {{ rules: any[] }} props */
function Rules({ rules }) {
  return html`<h2>Rules on the way</h2><ol class="rules">${rules.map((rule, index) => {
    const [tone, words] = STATES[rule.state] ?? ["", rule.state];
    return html`<li key=${index} class=${rule.state}><span class=${`badge ${tone}`}>${words}</span>
      <code>${rule.does}</code> ${rule.condition && html`<code class="quiet">${rule.condition}</code>`}
      <span class="quiet">${rule.section}, line ${rule.line}</span></li>`;
  })}</ol>`;
}

/** @param {{ result: any }} props */
export function TraceResult({ result }) {
  const { forwarded, remarks = [] } = result;
  return html`<section aria-label="What becomes of it">
    <p class="outcome"><span class=${`badge ${result.outcome === "forwarded" ? "good" : "unsure"}`}>${result.outcome.replace("_", " ")}</span> <strong>${outcomeInWords(result)}.</strong></p>
    ${result.elsewhere && html`<${Before} before=${result.before ?? {}} />`}
    <ul>
      <${Because} what="Backend, because" because=${result.backend_because} />
      <${Because} what="Server, because" because=${result.server_because} />
      <${Because} what="Decided by" because=${result.decided_by} />
      ${result.backend && html`<li><a href=${linkTo("map", { chosen: `backend:${result.backend}` })}>Show backend ${result.backend} on the map</a></li>`}
    </ul>
    ${result.rules.length > 0 && html`<${Rules} rules=${result.rules} />`}
    ${forwarded && html`<h2>As the server gets it</h2><pre tabindex="0" role="region" aria-label="The request as the server gets it">${forwarded.method} ${forwarded.url}${"\n"}${forwarded.headers.map((/** @type {any} */ one) => `${one.name}: ${one.value}\n`).join("")}</pre>`}
    ${remarks.length > 0 && html`<h2>Remarks</h2><ul>${remarks.map((/** @type {any} */ one) => html`<li key=${one.text}>${one.text}</li>`)}</ul>`}
  </section>`;
}

/**
 * The nodes of the map that a traced request comes by.
 *
 * @param {MapModel} model
 * @param {any} result
 */
export function pathIn(model, result) {
  const lit = new Set([`frontend:${result.frontend}`]);
  const found = /backend_switching_rules\/(\d+)$/.exec(result.backend_because?.resource ?? "");
  if (result.backend) {
    lit.add(`rule:${result.frontend}:${found ? found[1] : -1}`);
    lit.add(`backend:${result.backend}`);
  }
  return new Set([...lit].filter((id) => model.nodes.has(id)));
}
