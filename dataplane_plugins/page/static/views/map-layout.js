// Where the nodes of the map stand: three columns, each thing beside what leads to it; in little room a tree.

/** @import { MapModel, MapNode } from "./map-model.js" */

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */
/** @typedef {{ boxes: Map<string, Box>, width: number, height: number, tree: boolean }} Layout */
/** @typedef {(id: string) => number} Rank How bad things are with a node: 0 is well. */
/** @typedef {Record<MapNode["kind"], { x: number, width: number }>} Columns */

const HEIGHTS = { frontend: 66, rule: 34, backend: 66, group: 66 };
const OPEN_GROUP = 40; // it has no numbers: its members have
const WIDEST = 1180;
const NARROWEST = 600; // in less room the columns become a tree
const NARROWEST_TREE = 300;
const STEP = 14; // a step of the tree to the right
const MARGIN = 20; // at the right of the tree, for ways that lead back
const GAP = 10;
const NOWHERE = Number.MAX_SAFE_INTEGER;

/** Share a width among the columns, and the room for ways between them. @param {number} width @returns {Columns} */
function columnsIn(width) {
  const part = (/** @type {number} */ from, /** @type {number} */ to) => ({ x: Math.round(from * width), width: Math.round((to - from) * width) });
  const ends = part(0.72, 1);
  return { frontend: part(0, 0.26), rule: part(0.33, 0.65), backend: ends, group: ends };
}

/** @param {MapNode} node */
const heightOf = (node) => (node.open ? OPEN_GROUP : HEIGHTS[node.kind]);

/**
 * The rules of a frontend: as HAProxy goes through them, or the worst groups first where there are groups.
 *
 * @param {MapModel} model
 * @param {MapNode} frontend
 * @param {Rank} rank
 */
function rulesOf(model, frontend, rank) {
  const rules = [...model.nodes.values()].filter((node) => node.kind === "rule" && node.name === frontend.name);
  if (!model.large) return rules;
  const unit = (/** @type {MapNode} */ rule) => rule.group ?? rule.to ?? rule.id;
  /** @type {Map<string, number>} */
  const firsts = new Map();
  rules.forEach((rule, index) => firsts.has(unit(rule)) || firsts.set(unit(rule), index));
  const place = (/** @type {MapNode} */ rule) => firsts.get(unit(rule)) ?? 0;
  return rules.toSorted((a, b) => rank(unit(b)) - rank(unit(a)) || place(a) - place(b));
}

/** The groups with their members, and the backends of no group. @param {MapModel} model */
function unitsOf(model) {
  /** @type {Map<string, MapNode[]>} */
  const units = new Map();
  for (const node of model.nodes.values()) if (node.kind === "group") units.set(node.id, [node]);
  for (const node of model.nodes.values()) {
    if (node.kind !== "backend") continue;
    const unit = node.group === undefined ? undefined : units.get(node.group);
    if (unit) unit.push(node);
    else units.set(node.id, [node]);
  }
  return units;
}

/** @param {MapModel} model @param {Rank} rank @param {number} width @returns {Layout} */
function inColumns(model, rank, width) {
  const columns = columnsIn(width);
  const boxes = /** @type {Map<string, Box>} */ (new Map());
  const wished = /** @type {Map<string, number>} */ (new Map());
  let left = 0;
  for (const frontend of [...model.nodes.values()].filter((node) => node.kind === "frontend")) {
    boxes.set(frontend.id, { ...columns.frontend, y: left, height: HEIGHTS.frontend });
    const rules = rulesOf(model, frontend, rank);
    rules.forEach((rule, index) => {
      const y = left + index * (HEIGHTS.rule + GAP);
      boxes.set(rule.id, { ...columns.rule, y, height: HEIGHTS.rule });
      for (const to of [rule.to, rule.group]) if (to) wished.set(to, Math.min(y, wished.get(to) ?? NOWHERE));
    });
    left += Math.max(HEIGHTS.frontend + GAP, rules.length * (HEIGHTS.rule + GAP)) + GAP;
  }
  const wish = (/** @type {MapNode} */ node) => wished.get(node.id) ?? NOWHERE;
  const units = [...unitsOf(model).values()].toSorted((a, b) => wish(a[0]) - wish(b[0]) || rank(b[0].id) - rank(a[0].id));
  let right = 0;
  for (const node of units.flatMap(([first, ...rest]) => [first, ...rest.toSorted((a, b) => wish(a) - wish(b))])) {
    boxes.set(node.id, { ...columns[node.kind], y: right, height: heightOf(node) });
    right += heightOf(node) + GAP;
  }
  return { boxes, width, height: Math.max(left, right), tree: false };
}

/** @param {MapModel} model @param {Rank} rank @param {number} width @returns {Layout} */
function asTree(model, rank, width) {
  const boxes = /** @type {Map<string, Box>} */ (new Map());
  let y = 0;
  const put = (/** @type {MapNode | undefined} */ node, /** @type {number} */ depth) => {
    if (!node || boxes.has(node.id)) return;
    const x = depth * STEP;
    boxes.set(node.id, { x, y, width: width - MARGIN - x, height: heightOf(node) });
    y += heightOf(node) + GAP;
  };
  for (const frontend of [...model.nodes.values()].filter((node) => node.kind === "frontend")) {
    put(frontend, 0);
    for (const rule of rulesOf(model, frontend, rank)) {
      if (rule.group !== rule.to) put(model.nodes.get(rule.group ?? ""), 1);
      put(rule, 1);
      put(model.nodes.get(rule.to ?? ""), 2);
    }
    y += GAP;
  }
  for (const node of [...unitsOf(model).values()].flat()) put(node, 0); // no rule leads to these
  return { boxes, width, height: y, tree: true };
}

/**
 * Return the box of each node, and the size of the picture.
 *
 * @param {MapModel} model
 * @param {Rank} rank
 * @param {number} room How wide the picture may be.
 * @returns {Layout}
 */
export function layOut(model, rank, room) {
  if (room < NARROWEST) return asTree(model, rank, Math.max(room, NARROWEST_TREE));
  return inColumns(model, rank, Math.min(room, WIDEST));
}

/**
 * The path of a way: a curve to the right, or a branch of the tree.
 *
 * @param {Box} from
 * @param {Box} to
 * @param {boolean} tree
 */
export function curve(from, to, tree) {
  const [y1, y2] = [from.y + from.height / 2, to.y + to.height / 2];
  if (tree && to.y > from.y) return `M${from.x + STEP / 2} ${from.y + from.height}V${y2}H${to.x}`;
  const [x1, x2] = [from.x + from.width, tree ? to.x + to.width : to.x];
  const bend = tree ? MARGIN : (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${tree ? x2 + bend : x2 - bend} ${y2} ${x2} ${y2}`;
}
