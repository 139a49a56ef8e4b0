// Say what was done, for eyes and for screen readers; a message can offer to undo it.

import { useEffect } from "preact/hooks";

import { html } from "../app/html.js";
import { createStore, useStore } from "../app/store.js";

const SHOWN_FOR = 12000;

/** @typedef {{ text: string, tone: "good" | "bad" | "", undo?: () => void, at: number }} Message */

const message = createStore(/** @type {Message | null} */ (null));

/**
 * Say something. `undo` becomes a button beside it.
 *
 * @param {string} text
 * @param {{ tone?: "good" | "bad" | "", undo?: () => void }} [how]
 */
export function announce(text, { tone = "", undo } = {}) {
  message.set({ text, tone, undo, at: Date.now() });
}

/** @param {unknown} error */
export const announceError = (error) =>
  announce(error instanceof Error ? error.message : String(error), { tone: "bad" });

export function Announcer() {
  const current = useStore(message);
  useEffect(() => {
    if (!current || current.tone === "bad") return undefined; // an error stays until it is closed
    const timer = setTimeout(() => message.set(null), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [current]);
  const undo = () => {
    current?.undo?.();
    message.set(null);
  };
  return html`<div class="announcer">
    <div role="status" aria-live="polite">
      ${current && html`<p class=${`message ${current.tone}`}>
        <span>${current.text}</span>
        ${current.undo && html`<button onClick=${undo}>Undo</button>`}
        <button class="plain" aria-label="Close this message" onClick=${() => message.set(null)}>×</button>
      </p>`}
    </div>
  </div>`;
}
