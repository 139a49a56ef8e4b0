// Values that several parts of the page show: whoever uses one is drawn again when it changes.

import { useEffect, useState } from "preact/hooks";

/**
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(value: T) => void} set
 * @property {(change: Partial<T>) => void} merge
 * @property {(listener: () => void) => () => void} listen
 */

/**
 * Make a store of a value.
 *
 * @template T
 * @param {T} value
 * @returns {Store<T>}
 */
export function createStore(value) {
  /** @type {Set<() => void>} */
  const listeners = new Set();
  const set = (/** @type {T} */ next) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener();
  };
  return {
    get: () => value,
    set,
    merge(change) {
      const differs = Object.entries(change).some(([name, one]) => !Object.is(one, /** @type {any} */ (value)[name]));
      if (differs) set({ ...value, ...change });
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Return a store's value, and draw the component again when it changes.
 *
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
  const [, draw] = useState(0);
  const value = store.get();
  useEffect(() => {
    const again = () => draw((count) => count + 1);
    if (!Object.is(store.get(), value)) again(); // it has changed since this was drawn
    return store.listen(again);
  }, [store]);
  return value;
}
