// The log-in form: the users of the API, with their passwords.

import { useEffect, useRef, useState } from "preact/hooks";

import { connection } from "./api.js";
import { html } from "./html.js";
import { recall, logIn } from "./session.js";
import { useStore } from "./store.js";

const RETRY = 3000;

export function LogIn() {
  const { reachable } = useStore(connection);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    document.title = "Log in – HAProxy";
    first.current?.focus();
  }, []);
  useEffect(() => {
    if (reachable) return undefined;
    const timer = setInterval(recall, RETRY);
    return () => clearInterval(timer);
  }, [reachable]);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setBusy(true);
    try {
      await logIn(String(form.get("user")), String(form.get("password")));
    } catch (error) {
      const { status, message } = /** @type {any} */ (error);
      setProblem(status === 401 ? "User and password do not fit together." : message);
      setBusy(false);
    }
  };
  return html`<main class="login">
    <form class="card" onSubmit=${submit} aria-labelledby="login-title">
      <h1 id="login-title">HAProxy</h1>
      <p class="quiet">Log in with a user of the API.</p>
      <label>User <input name="user" autocomplete="username" required ref=${first} /></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
      <p class="problem" role="alert">${reachable ? problem : "The API does not answer. The page tries again."}</p>
      <button class="main" disabled=${busy}>Log in</button>
    </form>
  </main>`;
}
