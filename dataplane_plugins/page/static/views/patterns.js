// The view: Maps and ACLs.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Maps and ACLs</h1>`;
}
