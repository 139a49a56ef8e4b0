// Load what a view shows, and load it again when something says that it has changed.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { connection } from "./api.js";

/** @import { ApiError } from "./api.js" */

const AWAY = [0, 401]; // the API did not answer, or the session had ended

/**
 * @template T
 * @typedef {object} Loaded
 * @property {T | undefined} data The newest data; it stays while it is loaded again.
 * @property {ApiError | null} error
 * @property {boolean} loading
 * @property {() => void} reload
 */

/**
 * Load data when the component appears and whenever one of `needs` changes.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {any[]} needs
 * @returns {Loaded<T>}
 */
export function useData(load, needs) {
  const [state, setState] = useState({
    data: /** @type {T | undefined} */ (undefined),
    error: /** @type {ApiError | null} */ (null),
    loading: true,
  });
  const [round, setRound] = useState(0);
  const loader = useRef(load);
  loader.current = load;
  useEffect(() => {
    const control = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    loader.current(control.signal).then(
      (data) => control.signal.aborted || setState({ data, error: null, loading: false }),
      (error) => control.signal.aborted || setState((before) => ({ ...before, error, loading: false })),
    );
    return () => control.abort();
  }, [round, ...needs]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  const error = useRef(state.error);
  error.current = state.error;
  useEffect(() => connection.listen(() => {
    const { reachable, known } = connection.get();
    if (reachable && known && error.current && AWAY.includes(error.current.status)) reload();
  }), []);
  return { ...state, reload };
}
