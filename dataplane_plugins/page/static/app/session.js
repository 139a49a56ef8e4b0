// Who is logged in, and what they may do.

import { forgetSamples } from "../parts/elsewhere.js";
import { OWN, ask, connection, get } from "./api.js";
import { closeDraft } from "./draft.js";
import { createStore } from "./store.js";

/**
 * @typedef {object} Session
 * @property {string} user
 * @property {string} method `session`, `basic`, `certificate` or what a plugin says.
 * @property {boolean} mayChange
 * @property {string} reason Why no change is permitted.
 */

/** Who is logged in; null before that is known, and for nobody. */
export const session = createStore(/** @type {Session | null} */ (null));

/** @param {any} data @returns {Session} */
function asSession(data) {
  return {
    user: data.user, method: data.method ?? "session",
    mayChange: data.rights?.change !== false, reason: data.rights?.reason ?? "",
  };
}

/** Find out who is logged in. Who was it stays: what they have typed is there when they come back. */
export async function recall() {
  try {
    session.set(asSession(await get(`${OWN}/session`)));
    connection.merge({ known: true });
  } catch {
    // `connection` knows what is wrong: nobody is logged in, or the API does not answer
  }
}

/**
 * Log in. Throws an `ApiError` for a wrong user or password.
 *
 * @param {string} user
 * @param {string} password
 */
export async function logIn(user, password) {
  await ask("POST", `${OWN}/session`, { json: { user, password } });
  await recall();
}

/** Log out: the session ends in the server, too, and what was kept in the browser goes. Throws where it does not end. */
export async function logOut() {
  try {
    await ask("DELETE", `${OWN}/session`);
  } catch (error) {
    if (/** @type {any} */ (error).status !== 401) throw error; // 401: it has ended already
  }
  closeDraft();
  forgetSamples();
  session.set(null);
  connection.merge({ known: false });
}
