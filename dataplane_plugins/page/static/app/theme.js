// Dark or light: what the system says, until somebody chooses. The choice is kept in the browser.

import { createStore } from "./store.js";

const KEY = "dataplane.theme";
const CHOICES = ["system", "light", "dark"];

export const theme = createStore(CHOICES.find((one) => one === localStorage.getItem(KEY)) ?? "system");

function show() {
  document.documentElement.dataset.theme = theme.get();
}

theme.listen(show);
show();

/** Take the next of: as the system, light, dark. */
export function nextTheme() {
  const next = CHOICES[(CHOICES.indexOf(theme.get()) + 1) % CHOICES.length];
  localStorage.setItem(KEY, next);
  theme.set(next);
}
