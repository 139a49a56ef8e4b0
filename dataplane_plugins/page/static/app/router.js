// Where the page is: a view and its parameters, in the fragment of the address (`#/servers?backend=web`).

import { createStore } from "./store.js";

/** @typedef {{ view: string, params: Record<string, string> }} Route */

/**
 * Decode a part of an address; one that is not encoded, as anybody can write a link, stays as it is.
 *
 * @param {string} part
 */
export function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param {string} fragment @returns {Route} */
export function parseRoute(fragment) {
  const [path, query = ""] = fragment.replace(/^#\/?/, "").split("?");
  return { view: decoded(path || "map"), params: Object.fromEntries(new URLSearchParams(query)) };
}

/**
 * Return the address of a view; empty parameters are left out.
 *
 * @param {string} view
 * @param {Record<string, string | number | undefined>} [params]
 */
export function linkTo(view, params = {}) {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `#/${encodeURIComponent(view)}${query ? `?${query}` : ""}`;
}

export const route = createStore(parseRoute(location.hash));
addEventListener("hashchange", () => route.set(parseRoute(location.hash)));

/**
 * Go to a view.
 *
 * @param {string} view
 * @param {Record<string, string | number | undefined>} [params]
 */
export function navigate(view, params) {
  location.hash = linkTo(view, params);
}

/**
 * Change parameters of the present view without a step in the browser's history, for filters.
 *
 * @param {Record<string, string | number | undefined>} change
 */
export function refine(change) {
  const { view, params } = route.get();
  history.replaceState(null, "", linkTo(view, { ...params, ...change }));
  route.set(parseRoute(location.hash));
}
