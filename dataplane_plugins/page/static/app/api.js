// Requests to the API: the same paths that any client uses, with the session's cookie.

import { createStore } from "./store.js";

const here = new URL(import.meta.url).pathname;

/** The path under which a reverse proxy may have put the server; empty as a rule. */
export const PREFIX = here.slice(0, here.indexOf("/dataplane/v1/page/"));
export const OWN = `${PREFIX}/dataplane/v1`;
export const V3 = `${PREFIX}/v3/services/haproxy`;
export const CONFIGURATION = `${V3}/configuration`;

/**
 * Whether the API answers, and whether it knows who asks.
 *
 * @typedef {{ reachable: boolean, known: boolean | null }} Connection
 */
export const connection = createStore(
  /** @type {Connection} */ ({ reachable: true, known: null }),
);

/** A request that the API refused, or that did not reach it (status 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {any} [body]
   */
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/**
 * @typedef {object} Options
 * @property {Record<string, string | number | boolean | undefined>} [query]
 * @property {any} [json] A body that is sent as JSON.
 * @property {string | FormData | Blob} [body] A body that is sent as it is.
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/** @typedef {{ status: number, data: any, headers: Headers }} Answer */

/**
 * Return a path with a query; values that are undefined are left out.
 *
 * @param {string} path
 * @param {Options["query"]} query
 */
export function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

/** A header's value as the server reads it: the bytes of UTF-8, where `fetch` takes Latin-1. @param {string} text */
const asHeader = (text) => String.fromCharCode(...new TextEncoder().encode(text));

/** @param {Response} response */
async function read(response) {
  const type = response.headers.get("content-type") ?? "";
  const text = await response.text();
  if (!type.includes("json") || text === "") return text;
  return JSON.parse(text);
}

/** @param {Response} response @param {any} data */
function refusal(response, data) {
  const said = data && typeof data === "object" ? (data.message ?? data.refusal) : data;
  return new ApiError(response.status, String(said || `The API answered ${response.status}.`), data);
}

/**
 * Ask the API. Throws an `ApiError` for every status from 400 on.
 *
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function ask(method, path, { query, json, body, headers = {}, signal } = {}) {
  /** @type {Record<string, string>} */
  const sent = { "X-Requested-With": "dataplane-page" };
  for (const [name, value] of Object.entries(headers)) sent[name] = asHeader(value);
  if (json !== undefined) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(withQuery(path, query), {
      method, signal, headers: sent, credentials: "same-origin",
      body: json === undefined ? body : JSON.stringify(json),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    connection.merge({ reachable: false });
    throw new ApiError(0, "The API does not answer.");
  }
  const data = await read(response);
  connection.merge({ reachable: true });
  if (response.status === 401) connection.merge({ known: false });
  if (!response.ok) throw refusal(response, data);
  return { status: response.status, data, headers: response.headers };
}

/**
 * GET a path and return its data.
 *
 * @param {string} path
 * @param {Options["query"]} [query]
 * @param {AbortSignal} [signal]
 */
export async function get(path, query, signal) {
  return (await ask("GET", path, { query, signal })).data;
}

/**
 * Send a change and return its answer's data. `reason` stands in the history.
 *
 * @param {string} method
 * @param {string} path
 * @param {Options & { reason?: string }} [options]
 */
export async function change(method, path, { reason, headers = {}, ...options } = {}) {
  /** @type {Record<string, string>} */
  const said = reason ? { "X-Change-Reason": reason } : {};
  return (await ask(method, path, { ...options, headers: { ...headers, ...said } })).data;
}
