// The view: Trace a request.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Trace a request</h1>`;
}
