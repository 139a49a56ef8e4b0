// The view: Editor.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Editor</h1>`;
}
