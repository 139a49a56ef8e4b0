// The view: Discovery.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Discovery</h1>`;
}
