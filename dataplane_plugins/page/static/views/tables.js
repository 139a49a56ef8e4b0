// The view: Stick tables.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Stick tables</h1>`;
}
