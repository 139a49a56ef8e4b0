// A unified diff: lines with their signs, which colours only repeat.

import { html } from "../app/html.js";
import { decoded } from "../app/router.js";

const MOST_LINES = 2000;
const KINDS = /** @type {Record<string, string>} */ ({ "+": "added", "-": "removed", "@": "place" });
const WORDS = /** @type {Record<string, string>} */ ({ "+": "added: ", "-": "removed: " });

/** @param {{ text: string, label?: string }} props */
export function Diff({ text, label = "Difference of the text" }) {
  const lines = text.replace(/\n$/, "").split("\n").filter((line) => !/^(---|\+\+\+) /.test(line));
  if (!text.trim()) return html`<p class="quiet">The text is the same.</p>`;
  return html`<pre class="diff" tabindex="0" role="region" aria-label=${label}>${lines.slice(0, MOST_LINES).map(
    (line, index) => html`<span key=${index} class=${KINDS[line[0]] ?? ""}><span class="unseen">${WORDS[line[0]] ?? ""}</span>${line}${"\n"}</span>`,
  )}${lines.length > MOST_LINES && `… ${lines.length - MOST_LINES} more lines`}</pre>`;
}

/** @param {any} value */
const asText = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** The last words of a resource's path: `backends/web/servers/web1`. @param {string} path */
export const shortPath = (path) => {
  const words = path.replace(/^.*\/services\/haproxy\/(configuration\/|)/, "").split("/");
  return words.map(decoded).join("/");
};

/** @param {{ changes: any[] }} props */
export function ResourceChanges({ changes }) {
  if (!changes.length) return html`<p class="quiet">No resource differs.</p>`;
  return html`<ul class="resource-changes">${changes.map((one) => html`<li key=${`${one.resource}${one.change}`}>
    <span class=${`badge ${one.change}`}>${one.change}</span> <code>${shortPath(one.resource)}</code>
    <dl>${Object.entries(one.properties ?? {}).map(([name, property]) => html`<div key=${name}>
      <dt>${name}</dt>
      <dd>${property.before !== undefined && html`<del>${asText(property.before)}</del> `}
        ${property.after !== undefined && html`<ins>${asText(property.after)}</ins>`}
        ${property.before === undefined && property.after === undefined && "changed (secret)"}</dd>
    </div>`)}</dl>
  </li>`)}</ul>`;
}
