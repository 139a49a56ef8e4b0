// A chart of lines over time, as SVG; a table of the same values is there for who cannot see it.

import { formatClock, formatCompact } from "../app/format.js";
import { html } from "../app/html.js";

const WIDTH = 460;
const HEIGHT = 130;
const LEFT = 44;
const BOTTOM = 18;
const MOST_ROWS = 12; // of the table for screen readers

/** @typedef {{ name: string, values: (number | null)[] }} Line */

/** The next number above that is 1, 2 or 5 times a power of ten. @param {number} value */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (/** @type {number} */ ([1, 2, 5, 10].find((one) => one * power >= value))) * power;
}

/**
 * @param {(number | null)[]} values
 * @param {(index: number) => number} x
 * @param {(value: number) => number} y
 */
function pathOf(values, x, y) {
  let drawn = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const gap = index === 0 || values[index - 1] === null;
    drawn += `${gap ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return drawn;
}

/**
 * @param {{ title: string, times: number[], lines: Line[], format?: (value: number) => string }} props
 *   `times` are milliseconds since 1970.
 */
export function Chart({ title, times, lines, format = formatCompact }) {
  const top = ceiling(Math.max(0, ...lines.flatMap((line) => line.values.map((value) => value ?? 0))));
  const x = (/** @type {number} */ index) => LEFT + (index / Math.max(1, times.length - 1)) * (WIDTH - LEFT - 4);
  const y = (/** @type {number} */ value) => 6 + (1 - value / top) * (HEIGHT - BOTTOM - 6);
  const step = Math.max(1, Math.ceil(times.length / MOST_ROWS));
  const rows = times.map((time, index) => ({ time, index })).filter(({ index }) => index % step === 0);
  return html`<figure class="chart">
    <figcaption>${title}
      ${lines.length > 1 && lines.map((line, index) => html`<span key=${line.name} class=${`legend line-${index}`}>${line.name}</span>`)}
    </figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      ${[0, top / 2, top].map((value) => html`<g key=${value} class="grid">
        <line x1=${LEFT} x2=${WIDTH} y1=${y(value)} y2=${y(value)} /><text x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${format(value)}</text></g>`)}
      ${lines.map((line, index) => html`<path key=${line.name} class=${`line line-${index}`} d=${pathOf(line.values, x, y)} />`)}
      ${times.length > 1 && html`<text x=${LEFT} y=${HEIGHT - 4}>${formatClock(times[0])}</text>
        <text x=${WIDTH - 4} y=${HEIGHT - 4} text-anchor="end">${formatClock(times[times.length - 1])}</text>`}
    </svg>
    <table class="unseen"><caption>${title}</caption>
      <thead><tr><th scope="col">Time</th>${lines.map((line) => html`<th scope="col" key=${line.name}>${line.name}</th>`)}</tr></thead>
      <tbody>${rows.map(({ time, index }) => html`<tr key=${time}><th scope="row">${formatClock(time)}</th>
        ${lines.map((line) => html`<td key=${line.name}>${line.values[index] === null ? "" : format(/** @type {number} */ (line.values[index]))}</td>`)}</tr>`)}</tbody>
    </table>
  </figure>`;
}
