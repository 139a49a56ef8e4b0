// Dialogs: the browser's own <dialog>, which keeps the focus inside and closes with Escape.

import { useEffect, useRef, useState } from "preact/hooks";

import { connection } from "../app/api.js";
import { html } from "../app/html.js";
import { createStore, useStore } from "../app/store.js";

let count = 0;

/**
 * A dialog that is open as long as it is drawn.
 *
 * @param {{ title: string, onClose: () => void, children?: any, wide?: boolean }} props
 */
export function Dialog({ title, onClose, children, wide }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [id] = useState(() => `dialog-${(count += 1)}`);
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const show = () => {
      const dialog = element.current;
      if (connection.get().known === false) dialog?.close(); // it would keep people from logging in
      else if (dialog && !dialog.open) dialog.showModal();
    };
    show();
    const deafen = connection.listen(() => (connection.get().known ? setTimeout(show) : show()));
    return () => (deafen(), before?.focus?.());
  }, []);
  return html`<dialog class=${wide ? "wide" : ""} ref=${element} aria-labelledby=${id}
    onCancel=${(/** @type {Event} */ event) => (event.preventDefault(), onClose())}>
    <header><h2 id=${id}>${title}</h2>
      <button class="plain" aria-label="Close" onClick=${onClose}>×</button></header>
    ${children}
  </dialog>`;
}

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {any} body What it will do, in words or elements.
 * @property {string} action The button's word, such as "Drain".
 * @property {boolean} [dangerous]
 * @property {string} [ask] Asks for a text too, with this label.
 * @property {(answer: string | null) => void} done
 */

const question = createStore(/** @type {Question | null} */ (null));

/**
 * Ask before something is done. Resolves to null for no; else to the text that was asked for.
 *
 * @param {Omit<Question, "done">} asked
 * @returns {Promise<string | null>}
 */
export function confirmFirst(asked) {
  return new Promise((resolve) => {
    const done = (/** @type {string | null} */ answer) => {
      question.set(null);
      resolve(answer);
    };
    question.set({ ...asked, done });
  });
}

/** Shows what `confirmFirst` asks. */
export function Dialogs() {
  const asked = useStore(question);
  useEffect(() => () => question.get()?.done(null), []); // another user is not asked
  if (!asked) return null;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    asked.done(String(form.get("answer") ?? ""));
  };
  return html`<${Dialog} title=${asked.title} onClose=${() => asked.done(null)}>
    <form onSubmit=${submit}>
      <div class="said">${asked.body}</div>
      ${asked.ask && html`<label>${asked.ask} <input name="answer" maxlength="1000" /></label>`}
      <footer class="actions">
        <button type="button" onClick=${() => asked.done(null)}>Cancel</button>
        <button class=${asked.dangerous ? "danger" : "main"}>${asked.action}</button>
      </footer>
    </form>
  </${Dialog}>`;
}
