// What stands around each view: navigation, state of HAProxy, who is logged in, and messages.

import { useEffect, useErrorBoundary, useRef, useState } from "preact/hooks";

import { Announcer, announceError } from "../parts/announce.js";
import { Dialogs } from "../parts/dialog.js";
import { DraftBanner } from "../parts/draft-banner.js";
import { Pending } from "../parts/pending.js";
import { connection } from "./api.js";
import { html } from "./html.js";
import { KeyHelp, useKeys } from "./keys.js";
import { linkTo, route } from "./router.js";
import { logOut, recall, session } from "./session.js";
import { StateOfHaproxy } from "./state.js";
import { useStore } from "./store.js";
import { nextTheme, theme } from "./theme.js";
import { GROUPS, viewNamed } from "./views.js";

const RETRY = 3000;

/** @param {{ current: string }} props */
function Navigation({ current }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // in a narrow window the list is one line, which is scrolled
    const { offsetLeft = 0, offsetWidth = 0 } = /** @type {HTMLElement | null} */ (list.current?.querySelector("[aria-current]")) ?? {};
    if (list.current) list.current.scrollLeft = offsetLeft + offsetWidth / 2 - list.current.clientWidth / 2;
  }, [current]);
  return html`<nav class="navigation" aria-label="Views" ref=${list}>
    ${GROUPS.map(({ title, views }) => html`<div class="group" key=${title}>
      <h2>${title}</h2>
      <ul>${views.map(({ name, title: label, key }) => html`<li key=${name}>
        <a href=${linkTo(name)} aria-current=${name === current ? "page" : undefined}
          title=${`Keys: g ${key}`}>${label}</a>
      </li>`)}</ul>
    </div>`)}
  </nav>`;
}

/** Say when the API is away, and ask again until it is back. */
function Away() {
  const { reachable } = useStore(connection);
  useEffect(() => {
    if (reachable) return undefined;
    const timer = setInterval(recall, RETRY);
    return () => clearInterval(timer);
  }, [reachable]);
  return html`<div role="status" aria-live="assertive">
    ${reachable ? null : html`<p class="banner bad">The API does not answer. What is shown may be old; the page goes on by itself.</p>`}
  </div>`;
}

/** @param {Error} error */
const stillThere = (error) => announceError(new Error(`You are still logged in: ${error.message}`));

/** @param {{ onHelp: () => void }} props */
function Top({ onHelp }) {
  const who = useStore(session);
  const chosen = useStore(theme);
  return html`<header class="top">
    <a class="brand" href=${linkTo("map")}><span aria-hidden="true" class="mark"></span> HAProxy</a>
    <${StateOfHaproxy} />
    <span class="room"></span>
    ${who && !who.mayChange && html`<span class="badge" title=${who.reason}>read only</span>`}
    <span class="who">${who?.user}</span>
    <button class="plain" onClick=${onHelp} title="Keys of the page">Keys</button>
    <button class="plain" onClick=${nextTheme}>Theme: ${chosen}</button>
    ${who?.method === "session" && html`<button class="plain" onClick=${() => logOut().catch(stillThere)}>Log out</button>`}
  </header>`;
}

/**
 * A view; where it fails, the rest of the page stays, and other parameters are another try.
 *
 * @param {{ View: any, params: Record<string, string>, title: string }} props
 */
function Guarded({ View, params, title }) {
  const failing = useRef(/** @type {any} */ (null));
  const [error, again] = useErrorBoundary((problem) => {
    failing.current = params;
    reportError(problem);
  });
  useEffect(() => {
    if (error && failing.current !== params) again();
  }, [params]);
  if (!error) return html`<${View} params=${params} />`;
  return html`<h1>${title}</h1>
    <p class="problem" role="alert">${title} cannot be shown: ${String(error.message ?? error)} <button onClick=${again}>Try again</button></p>`;
}

/** The view of the present route; its code is loaded when somebody comes to it. */
function CurrentView() {
  const { view: name, params } = useStore(route);
  const [loaded, setLoaded] = useState({ name: "", View: /** @type {any} */ (null), problem: "" });
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const view = viewNamed(name);
  useEffect(() => {
    if (!view) return;
    document.title = `${view.title} – HAProxy`;
    view.load().then(
      (module) => setLoaded({ name, View: module.default, problem: "" }),
      () => setLoaded({ name, View: null, problem: `The view ${view.title} could not be loaded.` }),
    );
    if (loaded.name) main.current?.focus({ preventScroll: true });
  }, [name]);
  const { View } = loaded;
  return html`<main class="view" id="main" tabindex="-1" ref=${main} aria-label=${view?.title ?? "View"}>
    ${!view && html`<h1>No such view</h1><p>The page has no view ${name}. <a href=${linkTo("map")}>Go to the map.</a></p>`}
    ${view && loaded.name === name && View && html`<${Guarded} key=${name} View=${View} params=${params} title=${view.title} />`}
    ${view && loaded.name === name && loaded.problem && html`<p class="problem" role="alert">${loaded.problem}</p>`}
  </main>`;
}

/** @param {any} event A click on the link, which must not become a route. */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

export function Shell() {
  const { view } = useStore(route);
  const [helping, setHelping] = useState(false);
  useKeys(() => setHelping(true));
  return html`<div class="shell">
    <a class="skip" href="#main" onClick=${skip}>Skip to the view</a>
    <${Top} onHelp=${() => setHelping(true)} />
    <${Away} />
    <${Pending} />
    <${DraftBanner} />
    <div class="body">
      <${Navigation} current=${view} />
      <${CurrentView} />
    </div>
    <${Announcer} />
    <${Dialogs} />
    ${helping && html`<${KeyHelp} onClose=${() => setHelping(false)} />`}
  </div>`;
}
