// The view: Drift.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Drift</h1>`;
}
