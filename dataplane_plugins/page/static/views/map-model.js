// What the map shows: entrances, rules, backends (folded into groups where they are many) and ways between.

import { groupsOf } from "./map-groups.js";
import { conditionInWords } from "./words.js";

/** @import { Group } from "./map-groups.js" */

/**
 * @typedef {object} MapNode
 * @property {string} id `frontend:site`, `rule:site:2`, `backend:web`, `group:shop`
 * @property {"frontend" | "rule" | "backend" | "group"} kind
 * @property {string} title
 * @property {string} note
 * @property {string} [name] Of the frontend or backend that it is, or belongs to.
 * @property {string[]} [members] The backends of a group.
 * @property {boolean} [open] Whether the members of a group are shown.
 * @property {string} [group] The id of the group that a backend is in, or that a rule leads into.
 * @property {string} [to] The id of what a rule leads to.
 * @property {number} [index] Of a rule, the first of those that a node stands for.
 * @property {boolean} [many] Whether it stands for several rules.
 */

/** @typedef {{ from: string, to: string }} Way */
/** @typedef {{ nodes: Map<string, MapNode>, ways: Way[], large: boolean }} MapModel `large` has groups. */

/** @param {any} bind */
const bindText = (bind) => `${bind.address ?? "*"}${bind.port ? `:${bind.port}` : ""}${bind.ssl ? " TLS" : ""}`;

/** Where a rule leads that names no backend, but computes its name. @param {string} target */
function targetInWords(target) {
  if (!target.includes("%[")) return target;
  const file = /map\w*\(([^,)]+)/.exec(target)?.[1];
  return file ? `what map ${file.split("/").pop()} says` : `what ${target} says`;
}

/** @typedef {{ index: number, target: string, title: string }} Rule */

/** The rules of frontends, in words; made once for a configuration. @type {WeakMap<any, Rule[]>} */
const known = new WeakMap();

/** @param {any} frontend @returns {Rule[]} */
function rulesOf(frontend) {
  const found = known.get(frontend);
  if (found) return found;
  const rules = (frontend.backend_switching_rule_list ?? []).map((/** @type {any} */ rule, /** @type {number} */ index) => ({
    index, target: rule.name,
    title: conditionInWords(rule.cond, rule.cond_test, frontend.acl_list),
  }));
  if (frontend.default_backend) rules.push({ index: -1, target: frontend.default_backend, title: rules.length ? "otherwise" : "always" });
  known.set(frontend, rules);
  return rules;
}

/** @typedef {(name: string) => { to: string, group?: string } | undefined} Place Where a backend is shown. */

/** @param {MapModel} model @param {any} frontend @param {Place} place @param {boolean} all Whether rules that lead to nothing that is shown are shown. */
function addFrontend(model, frontend, place, all) {
  const id = `frontend:${frontend.name}`;
  const binds = Object.values(frontend.binds ?? {}).map(bindText);
  const others = ["http_request_rule_list", "tcp_request_rule_list", "http_response_rule_list"]
    .reduce((sum, name) => sum + (frontend[name]?.length ?? 0), 0);
  model.nodes.set(id, {
    id, kind: "frontend", title: frontend.name, name: frontend.name,
    note: [binds.join(", ") || "no bind", others ? `${others} other rules` : ""].filter(Boolean).join(" · "),
  });
  const shown = rulesOf(frontend).filter((rule) => all || place(rule.target));
  const together = Map.groupBy(shown, (rule) => {
    const there = place(rule.target);
    return there?.to.startsWith("group:") ? there.to : rule.index;
  });
  for (const rules of together.values()) addRules(model, frontend.name, rules, place(rules[0].target));
}

/** @param {MapModel} model @param {string} frontend @param {any[]} rules @param {ReturnType<Place>} there */
function addRules(model, frontend, rules, there) {
  const [first] = rules;
  const id = `rule:${frontend}:${first.index}`;
  const many = rules.length > 1;
  const title = there ? first.title : `${first.title} → ${targetInWords(first.target)}`;
  model.nodes.set(id, {
    id, kind: "rule", name: frontend, index: first.index, note: "", many, ...there,
    title: many ? `${rules.length} rules: ${title} …` : title,
  });
  model.ways.push({ from: `frontend:${frontend}`, to: id });
  if (there) model.ways.push({ from: id, to: there.to });
}

/** The frontend that leads to each backend first. @param {any[]} frontends */
function leadersOf(frontends) {
  /** @type {Map<string, string>} */
  const leaders = new Map();
  for (const frontend of frontends) {
    for (const { target } of rulesOf(frontend)) if (!leaders.has(target)) leaders.set(target, frontend.name);
  }
  return leaders;
}

/** @param {any[]} frontends @param {any[]} backends @param {string} wanted In lower case. @param {Set<string> | null} only */
function hitsOf(frontends, backends, wanted, only) {
  const permitted = only ? backends.filter((one) => only.has(one.name)) : backends;
  if (!wanted) return permitted;
  const led = new Set(frontends.flatMap((frontend) => {
    const itself = frontend.name.toLowerCase().includes(wanted);
    return rulesOf(frontend).filter((rule) => itself || rule.title.toLowerCase().includes(wanted)).map((rule) => rule.target);
  }));
  return permitted.filter((one) => one.name.toLowerCase().includes(wanted) || led.has(one.name));
}

/**
 * Make the model of the map.
 *
 * @param {any[]} frontends With their rows (`full_section`).
 * @param {any[]} backends
 * @param {object} how
 * @param {Set<string>} how.unfolded The keys of groups whose members are shown.
 * @param {string} how.search Part of a backend's or frontend's name, or of a rule in words.
 * @param {string} how.focus The name of a backend that is never folded away.
 * @param {Set<string> | null} [how.only] The backends that are shown, if not all are.
 * @returns {MapModel}
 */
export function makeModel(frontends, backends, { unfolded, search, focus, only = null }) {
  const wanted = search.toLowerCase();
  const hits = hitsOf(frontends, backends, wanted, only);
  const leaders = leadersOf(frontends);
  const groups = groupsOf(hits.map((one) => one.name), (name) => leaders.get(name) ?? "");
  const model = { nodes: new Map(), ways: /** @type {Way[]} */ ([]), large: groups.length > 0 };
  /** @type {Map<string, { to: string, group?: string }>} */
  const places = new Map(hits.map(({ name }) => [name, { to: `backend:${name}` }]));
  for (const group of groups) addGroup(model, group, unfolded.has(group.key), focus, places);
  for (const one of hits) {
    const there = places.get(one.name);
    if (there?.to.startsWith("backend:")) addBackend(model, one, there.group);
  }
  for (const frontend of frontends) {
    const itself = !only && frontend.name.toLowerCase().includes(wanted); // as is all of them if nothing is wanted
    const leads = rulesOf(frontend).some((rule) => places.has(rule.target));
    if (itself || leads) addFrontend(model, frontend, (name) => places.get(name), itself);
  }
  return model;
}

/** @param {MapModel} model @param {any} backend @param {string | undefined} group */
function addBackend(model, backend, group) {
  const id = `backend:${backend.name}`;
  const note = [backend.mode, backend.balance?.algorithm].filter(Boolean).join(", ");
  model.nodes.set(id, { id, kind: "backend", title: backend.name, name: backend.name, note, group });
}

/** @param {MapModel} model @param {Group} group @param {boolean} open @param {string} focus @param {Map<string, { to: string, group?: string }>} places */
function addGroup(model, { key, title, members }, open, focus, places) {
  const id = `group:${key}`;
  model.nodes.set(id, { id, kind: "group", title, note: `${members.length} backends`, members, open });
  for (const name of members) places.set(name, { to: open || name === focus ? `backend:${name}` : id, group: id });
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
    const ways = Map.groupBy(model.ways, (way) => way[direction]);
    const queue = [id];
    for (const one of queue) { // which grows meanwhile
      for (const way of ways.get(one) ?? []) {
        if (!found.has(way[other])) queue.push(way[other]);
        found.add(way[other]);
      }
    }
  }
  return found;
}
