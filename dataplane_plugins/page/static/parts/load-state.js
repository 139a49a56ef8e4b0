// What a view shows while its data comes, or when it does not.

import { html } from "../app/html.js";

/**
 * @param {{ of: { data: any, error: any, loading: boolean, reload: () => void }, what: string, children?: any }} props
 */
export function LoadState({ of, what, children }) {
  const { data, error, loading, reload } = of;
  return html`
    ${error && html`<p class="problem" role="alert">${what}: ${error.message} <button onClick=${reload}>Try again</button></p>`}
    ${data === undefined && loading && html`<p class="quiet" role="status">Loading ${what} …</p>`}
    ${data !== undefined && children}`;
}
