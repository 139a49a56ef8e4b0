// The view: History.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>History</h1>`;
}
