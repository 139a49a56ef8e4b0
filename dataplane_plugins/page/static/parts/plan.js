// What a change would do: verdict, delivery, findings, names left dangling, resources and lines.

import { formatCount } from "../app/format.js";
import { html } from "../app/html.js";
import { Diff, ResourceChanges, shortPath } from "./diff.js";

/** @param {{ delivery: any }} props */
function Delivery({ delivery }) {
  if (!delivery || delivery.by === "nothing") return html`<p>HAProxy has nothing to do for it.</p>`;
  if (delivery.by === "commands") {
    const { commands } = delivery;
    return html`<p><span class="badge good">no reload</span> ${formatCount(commands.length, "command")} at run time:</p>
      <pre class="commands" tabindex="0" role="region" aria-label="Commands">${commands.join("\n")}</pre>`;
  }
  return html`<p><span class="badge busy">reload</span> HAProxy is reloaded, because:</p>
    <ul>${delivery.reasons.map((/** @type {any} */ reason, /** @type {number} */ index) => html`<li key=${index}>${typeof reason === "string" ? reason : reason.reason ?? JSON.stringify(reason)}</li>`)}</ul>`;
}

/** @param {{ findings: any[] }} props */
function Findings({ findings }) {
  return html`<ul class="findings">${findings.map((one, index) => html`<li key=${index}>
    <span class=${`badge ${one.severity === "warning" ? "unsure" : "bad"}`}>${one.severity ?? "finding"}</span>
    ${one.line ? html`<code>line ${one.line}</code> ` : null}${one.resource ? html`<code>${shortPath(one.resource)}</code> ` : null}
    ${one.message}
  </li>`)}</ul>`;
}

/** @param {{ dangling: any[] }} props */
function Dangling({ dangling }) {
  return html`<h3>Names that would mean nothing</h3><ul>${dangling.map((one, index) => html`<li key=${index}>
    <code>${one.name}</code>${one.resource ? html` in <code>${shortPath(one.resource)}</code>` : null}${one.line ? `, line ${one.line}` : ""}
  </li>`)}</ul>`;
}

/**
 * The plan of a change, as `/plan` and `dry_run` answer it.
 *
 * @param {{ plan: any }} props
 */
export function Plan({ plan }) {
  const { verdict, refusal, findings = [], dangling = [], changes = [], text = "", delivery } = plan;
  return html`<div class="plan">
    ${verdict === "refused" && html`<p class="problem" role="alert">It would be refused: ${refusal}</p>`}
    ${verdict === "unchanged" && html`<p>Nothing would change.</p>`}
    ${findings.length > 0 && html`<${Findings} findings=${findings} />`}
    ${verdict === "accepted" && html`<${Delivery} delivery=${delivery} />`}
    ${(delivery?.notes ?? []).map((/** @type {string} */ note) => html`<p class="quiet" key=${note}>${note}</p>`)}
    ${dangling.length > 0 && html`<${Dangling} dangling=${dangling} />`}
    ${verdict !== "unchanged" && html`<h3>${formatCount(changes.length, "resource")}</h3><${ResourceChanges} changes=${changes} />
      <h3>Lines</h3><${Diff} text=${text} />`}
  </div>`;
}
