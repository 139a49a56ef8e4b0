// The start of the page: who is logged in decides between the log-in form and the views.

import { render } from "preact";
import { useEffect } from "preact/hooks";

import { connection } from "./api.js";
import { html } from "./html.js";
import { LogIn } from "./login.js";
import { recall, session } from "./session.js";
import { Shell } from "./shell.js";
import { useStore } from "./store.js";
import "./theme.js";

function Page() {
  const { known, reachable } = useStore(connection);
  const who = useStore(session);
  useEffect(() => void recall(), []);
  if (known === null && !who && reachable) return html`<p class="starting" role="status">Loading …</p>`;
  // a session that ends hides what was shown, and keeps it for the same user
  return html`${who && html`<div key="views" hidden=${!known}><${Shell} key=${who.user} /></div>`}
    ${!(who && known) && html`<${LogIn} key="login" />`}`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
