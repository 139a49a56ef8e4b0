// The views of the page: their names in addresses, their titles, their keys, and where their code is.
// The code of a view is loaded when somebody goes there.

/**
 * @typedef {object} View
 * @property {string} name
 * @property {string} title
 * @property {string} key Pressed after `g`, it leads to the view.
 * @property {() => Promise<{ default: (props: { params: Record<string, string> }) => any }>} load
 */

/** @type {{ title: string, views: View[] }[]} */
export const GROUPS = [
  {
    title: "See",
    views: [
      { name: "map", title: "Map", key: "m", load: () => import("../views/map.js") },
      { name: "trace", title: "Trace a request", key: "r", load: () => import("../views/trace.js") },
      { name: "servers", title: "Servers", key: "s", load: () => import("../views/servers.js") },
      { name: "fleet", title: "Fleet", key: "l", load: () => import("../views/fleet.js") },
    ],
  },
  {
    title: "Change",
    views: [
      { name: "editor", title: "Editor", key: "e", load: () => import("../views/editor.js") },
      { name: "forms", title: "Forms", key: "f", load: () => import("../views/forms.js") },
      { name: "transactions", title: "Transactions", key: "x", load: () => import("../views/transactions.js") },
    ],
  },
  {
    title: "Past",
    views: [
      { name: "history", title: "History", key: "h", load: () => import("../views/history.js") },
      { name: "drift", title: "Drift", key: "d", load: () => import("../views/drift.js") },
    ],
  },
  {
    title: "Stores",
    views: [
      { name: "certificates", title: "Certificates", key: "c", load: () => import("../views/certificates.js") },
      { name: "patterns", title: "Maps and ACLs", key: "p", load: () => import("../views/patterns.js") },
      { name: "tables", title: "Stick tables", key: "t", load: () => import("../views/tables.js") },
      { name: "discovery", title: "Discovery", key: "o", load: () => import("../views/discovery.js") },
    ],
  },
];

export const VIEWS = GROUPS.flatMap((group) => group.views);

/** @param {string} name */
export const viewNamed = (name) => VIEWS.find((view) => view.name === name);
