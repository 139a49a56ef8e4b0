// What the map shows: entrances, rules, backends (folded into groups where they are many) and ways between.

import { conditionInWords } from "./words.js";

const FOLD_FROM = 24; // backends from which on those of a kind are folded into one
const SMALLEST_GROUP = 3;

/**
 * @typedef {object} MapNode
 * @property {string} id `frontend:site`, `rule:site:2`, `backend:web`, `group:shop`
 * @property {"frontend" | "rule" | "backend" | "group"} kind
 * @property {string} title
 * @property {string} note
 * @property {string} [name] Of the frontend or backend that it is, or belongs to.
 * @property {string[]} [members] The backends of a group.
 * @property {number} [index] Of a rule.
 */

/** @typedef {{ from: string, to: string }} Way */
/** @typedef {{ nodes: Map<string, MapNode>, ways: Way[] }} MapModel */

/** @param {any} bind */
const bindText = (bind) => `${bind.address ?? "*"}${bind.port ? `:${bind.port}` : ""}${bind.ssl ? " TLS" : ""}`;

/** The word by which backends are folded: `shop-cart` and `shop_api` are both of `shop`. @param {string} name */
export const stemOf = (name) => name.split(/[-_.:\d]/)[0] || name;

/** @param {any[]} backends @param {Set<string>} unfolded @param {string} focus */
function foldBackends(backends, unfolded, focus) {
  /** @type {Map<string, string>} */
  const home = new Map();
  if (backends.length < FOLD_FROM) return home;
  const stems = Map.groupBy(backends, (/** @type {any} */ one) => stemOf(one.name));
  for (const [stem, members] of stems) {
    if (members.length < SMALLEST_GROUP || unfolded.has(stem)) continue;
    for (const one of members) if (one.name !== focus) home.set(one.name, stem);
  }
  return home;
}

/** @param {any} frontend */
function rulesOf(frontend) {
  const rules = (frontend.backend_switching_rule_list ?? []).map((/** @type {any} */ rule, /** @type {number} */ index) => ({
    index, target: rule.name,
    title: conditionInWords(rule.cond, rule.cond_test, frontend.acl_list),
  }));
  if (frontend.default_backend) rules.push({ index: -1, target: frontend.default_backend, title: rules.length ? "otherwise" : "always" });
  return rules;
}

/** @param {MapModel} model @param {any} frontend @param {(name: string) => string | undefined} place */
function addFrontend(model, frontend, place) {
  const id = `frontend:${frontend.name}`;
  const binds = Object.values(frontend.binds ?? {}).map(bindText);
  const others = ["http_request_rule_list", "tcp_request_rule_list", "http_response_rule_list"]
    .reduce((sum, name) => sum + (frontend[name]?.length ?? 0), 0);
  model.nodes.set(id, {
    id, kind: "frontend", title: frontend.name, name: frontend.name,
    note: [binds.join(", ") || "no bind", others ? `${others} other rules` : ""].filter(Boolean).join(" · "),
  });
  /** @type {Map<string, { rules: any[], to: string | undefined }>} */
  const folded = new Map();
  for (const rule of rulesOf(frontend)) {
    const to = place(rule.target);
    const key = to?.startsWith("group:") ? to : `${rule.index}`;
    const entry = folded.get(key) ?? { rules: [], to };
    entry.rules.push(rule);
    folded.set(key, entry);
  }
  for (const { rules, to } of folded.values()) addRules(model, frontend.name, rules, to);
}

/** @param {MapModel} model @param {string} frontend @param {any[]} rules @param {string | undefined} to */
function addRules(model, frontend, rules, to) {
  const [first] = rules;
  const id = `rule:${frontend}:${first.index}`;
  const many = rules.length > 1;
  model.nodes.set(id, {
    id, kind: "rule", name: frontend, index: first.index,
    title: many ? `${rules.length} rules` : to ? first.title : `${first.title} → ${first.target}`,
    note: "",
  });
  model.ways.push({ from: `frontend:${frontend}`, to: id });
  if (to) model.ways.push({ from: id, to });
}

/**
 * Make the model of the map.
 *
 * @param {any[]} frontends With their rows (`full_section`).
 * @param {any[]} backends
 * @param {{ unfolded: Set<string>, search: string, focus: string }} how
 *   `focus` is the name of a backend that is never folded away.
 * @returns {MapModel}
 */
export function makeModel(frontends, backends, { unfolded, search, focus }) {
  const model = { nodes: new Map(), ways: /** @type {Way[]} */ ([]) };
  const wanted = search.toLowerCase();
  const hits = wanted ? backends.filter((one) => one.name.toLowerCase().includes(wanted)) : backends;
  const home = foldBackends(hits, unfolded, focus);
  const names = new Set(hits.map((one) => one.name));
  const place = (/** @type {string} */ name) =>
    home.has(name) ? `group:${home.get(name)}` : names.has(name) ? `backend:${name}` : undefined;
  for (const frontend of frontends) { // the order of the nodes is that in which the key Tab comes to them
    const itself = frontend.name.toLowerCase().includes(wanted);
    const leads = rulesOf(frontend).some((/** @type {any} */ rule) => names.has(rule.target));
    if (!wanted || itself || leads) addFrontend(model, frontend, place);
  }
  for (const one of hits) {
    const stem = home.get(one.name);
    if (stem === undefined) addBackend(model, one);
    else addToGroup(model, stem, one.name);
  }
  return model;
}

/** @param {MapModel} model @param {any} backend */
function addBackend(model, backend) {
  const id = `backend:${backend.name}`;
  const note = [backend.mode, backend.balance?.algorithm].filter(Boolean).join(", ");
  model.nodes.set(id, { id, kind: "backend", title: backend.name, name: backend.name, note });
}

/** @param {MapModel} model @param {string} stem @param {string} name */
function addToGroup(model, stem, name) {
  const id = `group:${stem}`;
  const group = model.nodes.get(id) ?? { id, kind: /** @type {const} */ ("group"), title: `${stem} …`, note: "", members: [] };
  group.members?.push(name);
  group.note = `${group.members?.length} backends`;
  model.nodes.set(id, group);
}

/**
 * Return all nodes and ways from and to a node.
 *
 * @param {MapModel} model
 * @param {string} id
 * @returns {Set<string>}
 */
export function pathThrough(model, id) {
  const found = new Set([id]);
  for (const direction of /** @type {const} */ (["from", "to"])) {
    const other = direction === "from" ? "to" : "from";
    let edge = [id];
    while (edge.length) {
      edge = model.ways.filter((way) => edge.includes(way[direction]) && !found.has(way[other])).map((way) => way[other]);
      edge.forEach((one) => found.add(one));
    }
  }
  return found;
}
