// Keys: `g` and a letter lead to a view, `/` to its search, `?` shows the list. They can be switched off.

import { useEffect, useState } from "preact/hooks";

import { Dialog } from "../parts/dialog.js";
import { html } from "./html.js";
import { navigate } from "./router.js";
import { VIEWS } from "./views.js";

const KEY = "dataplane.keys";
const SECOND_KEY_WITHIN = 1500;

const switchedOff = () => localStorage.getItem(KEY) === "off";

/** @param {EventTarget | null} target */
function isTyping(target) {
  const element = /** @type {HTMLElement | null} */ (target);
  return Boolean(element?.closest?.("input, textarea, select, [contenteditable], dialog, .own-keys"));
}

/** @param {KeyboardEvent} event @param {boolean} afterG @param {() => void} help */
function act(event, afterG, help) {
  const view = afterG && VIEWS.find((one) => one.key === event.key);
  if (view) navigate(view.name);
  else if (event.key === "?") help();
  else if (event.key === "/") /** @type {HTMLElement | null} */ (document.querySelector("main [data-search]"))?.focus();
  else return;
  event.preventDefault();
}

/**
 * Listen to the keys of the page.
 *
 * @param {() => void} help
 */
export function useKeys(help) {
  useEffect(() => {
    let pressedG = 0;
    const press = (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || switchedOff()) return;
      const afterG = event.timeStamp - pressedG < SECOND_KEY_WITHIN;
      pressedG = event.key === "g" ? event.timeStamp : 0;
      act(event, afterG, help);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** @param {{ onClose: () => void }} props */
export function KeyHelp({ onClose }) {
  const [off, setOff] = useState(switchedOff());
  const toggle = () => {
    localStorage.setItem(KEY, off ? "on" : "off");
    setOff(!off);
  };
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">
      <dt><kbd>/</kbd></dt><dd>Search in the view</dd>
      <dt><kbd>?</kbd></dt><dd>This list</dd>
      ${VIEWS.map(({ title, key, name }) => html`<dt key=${name}><kbd>g</kbd> <kbd>${key}</kbd></dt><dd>${title}</dd>`)}
    </dl>
    <label class="choice"><input type="checkbox" checked=${!off} onChange=${toggle} /> Use these keys</label>
  </${Dialog}>`;
}
