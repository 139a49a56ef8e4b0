// The view: Forms.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Forms</h1>`;
}
