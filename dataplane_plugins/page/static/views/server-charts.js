// The last hour of a server, and how far it is from being empty while it drains.

import { OWN, get } from "../app/api.js";
import { formatDuration } from "../app/format.js";
import { html } from "../app/html.js";
import { refine } from "../app/router.js";
import { useData } from "../app/use-data.js";
import { Chart } from "../parts/chart.js";
import { LoadState } from "../parts/load-state.js";

/** @param {{ row: any }} props */
function Draining({ row }) {
  if (!/^DRAIN|^MAINT/.test(row?.status ?? "")) return null;
  return html`<p role="status">${row.scur === 0
    ? html`<span class="badge good">empty</span> No session is on it any more.`
    : html`<span class="badge busy">${row.scur} sessions</span> It is empty once they end.`}</p>`;
}

/** @param {{ backend: string, server: string, row: any }} props */
export function ServerCharts({ backend, server, row }) {
  const name = `${backend}/${server}`;
  const past = useData((signal) => get(`${OWN}/traffic`, { kind: "servers", name }, signal), [name]);
  const { times = [], values = {} } = past.data ?? {};
  return html`<section class="card" aria-label=${`Server ${name}`}>
    <header class="actions"><h2>${name}</h2><span class="room"></span>
      <button class="plain" aria-label="Close the charts" onClick=${() => refine({ server: "" })}>×</button></header>
    <${Draining} row=${row} />
    <${LoadState} of=${past} what="The last hour">
      ${times.length < 2 ? html`<p class="quiet">Charts fill while somebody looks: come back in a minute.</p>` : html`
        <${Chart} title="Sessions" times=${times} lines=${[{ name: "sessions", values: values.scur }]} />
        <${Chart} title="Sessions a second" times=${times} lines=${[{ name: "rate", values: values.rate }]} />
        <${Chart} title="Time to the answer" times=${times} lines=${[{ name: "time", values: values.rtime }]} format=${formatDuration} />`}
    </${LoadState}>
  </section>`;
}
