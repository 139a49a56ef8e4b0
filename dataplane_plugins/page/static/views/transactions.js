// The view: Transactions.

import { html } from "../app/html.js";

export default function View() {
  return html`<h1>Transactions</h1>`;
}
