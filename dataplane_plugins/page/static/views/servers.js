// The view: Servers.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Servers</h1>`;
}
