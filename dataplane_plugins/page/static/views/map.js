// The view: Map.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Map</h1>`;
}
