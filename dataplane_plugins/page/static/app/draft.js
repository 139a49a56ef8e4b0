// The change that is being made here: one transaction, into which forms put their edits until it is committed.

import { V3, ask, change, get } from "./api.js";
import { version } from "./state.js";
import { createStore } from "./store.js";

const KEY = "dataplane.draft";

/** @typedef {{ id: string, edits: string[] }} Draft */

/** The transaction that forms edit; null where none is open. */
export const draft = createStore(/** @type {Draft | null} */ (recallDraft()));

function recallDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

draft.listen(() => sessionStorage.setItem(KEY, JSON.stringify(draft.get())));

/** Transactions that are being committed: they are gone before the answer is here. */
const ending = /** @type {Set<string>} */ (new Set());

/** @param {string} id */
export const isEnding = (id) => ending.has(id);

/**
 * Do what ends a transaction; nothing is read in it meanwhile.
 *
 * @template T
 * @param {string} id
 * @param {() => Promise<T>} end
 */
export async function ends(id, end) {
  ending.add(id);
  try {
    return await end();
  } catch (error) {
    ending.delete(id);
    throw error;
  }
}

/** The transaction in which values are read; undefined where none is open. */
export function readIn() {
  const now = draft.get();
  return now && !isEnding(now.id) ? now.id : undefined;
}

/** Forget the transaction, after its end. */
export const closeDraft = () => draft.set(null);

/** Return the transaction, and begin one if there is none that is open. */
async function openDraft() {
  const now = draft.get();
  if (now) {
    const known = await get(`${V3}/transactions/${now.id}`).catch(() => null);
    if (known?.status === "in_progress") return now;
  }
  const { id } = await change("POST", `${V3}/transactions`, { query: { version: version.get() } });
  const begun = { id, edits: /** @type {string[]} */ ([]) };
  draft.set(begun);
  return begun;
}

/**
 * @typedef {object} Step
 * @property {string} method
 * @property {string} path
 * @property {any} [json]
 */

/**
 * Put edits into the transaction, all or none of them.
 *
 * @param {string} title What they are together, in words.
 * @param {Step[]} steps
 */
export async function edit(title, steps) {
  const { id, edits } = await openDraft();
  const isNew = edits.length === 0;
  try {
    for (const { method, path, json } of steps) await ask(method, path, { json, query: { transaction_id: id } });
  } catch (error) {
    if (isNew) {
      await change("DELETE", `${V3}/transactions/${id}`).catch(() => {});
      closeDraft();
    }
    throw error;
  }
  draft.set({ id, edits: [...edits, title] });
}

/** Throw the transaction away. */
export async function discardDraft() {
  const now = draft.get();
  closeDraft();
  if (now) await change("DELETE", `${V3}/transactions/${now.id}`).catch(() => {});
}
