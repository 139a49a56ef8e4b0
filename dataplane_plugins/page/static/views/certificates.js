// The view: Certificates.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Certificates</h1>`;
}
