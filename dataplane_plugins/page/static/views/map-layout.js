// Where the nodes of the map stand: three columns, each thing beside what leads to it.

/** @import { MapModel, MapNode } from "./map-model.js" */

/** Where a column begins and how wide it is, as shares of the picture's width; how high its nodes are. */
const COLUMNS = /** @type {Record<string, { x: number, width: number, height: number }>} */ ({
  frontend: { x: 0, width: 0.25, height: 66 },
  rule: { x: 0.31, width: 0.31, height: 34 },
  backend: { x: 0.69, width: 0.3, height: 66 },
  group: { x: 0.69, width: 0.3, height: 66 },
});
const GAP = 10;
const NARROWEST = 540;
const WIDEST = 950;

/** The width of the picture in so much room: it is scrolled where there is less. @param {number} room */
export const widthIn = (room) => Math.min(WIDEST, Math.max(NARROWEST, room));

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/** @param {MapModel} model @param {MapNode} node @param {Map<string, Box>} boxes */
function wish(model, node, boxes) {
  const before = model.ways.filter((way) => way.to === node.id).map((way) => boxes.get(way.from)).filter((box) => box !== undefined);
  if (!before.length) return Number.MAX_SAFE_INTEGER; // nothing leads there: at the end
  return Math.min(...before.map((box) => box.y));
}

/** @param {MapNode} node @param {number} width @param {number} y @returns {Box} */
function boxOf(node, width, y) {
  const column = COLUMNS[node.kind];
  return { x: column.x * width, width: column.width * width, height: column.height, y };
}

/** @param {MapNode[]} nodes @param {(node: MapNode) => number} wished @param {Map<string, Box>} boxes @param {number} width */
function stack(nodes, wished, boxes, width) {
  let y = 0;
  const placed = nodes.map((node, index) => ({ node, at: wished(node), index }));
  placed.sort((a, b) => a.at - b.at || a.index - b.index);
  for (const { node } of placed) {
    const box = boxOf(node, width, y);
    boxes.set(node.id, box);
    y += box.height + GAP;
  }
  return y;
}

/**
 * Return the box of each node, and the height of the picture.
 *
 * @param {MapModel} model
 * @param {number} width
 * @returns {{ boxes: Map<string, Box>, height: number }}
 */
export function layOut(model, width) {
  const boxes = /** @type {Map<string, Box>} */ (new Map());
  const nodes = [...model.nodes.values()];
  const rules = nodes.filter((node) => node.kind === "rule");
  let y = 0;
  for (const frontend of nodes.filter((node) => node.kind === "frontend")) {
    const box = boxOf(frontend, width, y);
    boxes.set(frontend.id, box);
    const own = rules.filter((rule) => rule.name === frontend.name);
    own.forEach((rule, index) => boxes.set(rule.id, boxOf(rule, width, y + index * (COLUMNS.rule.height + GAP))));
    y += Math.max(box.height + GAP, own.length * (COLUMNS.rule.height + GAP)) + GAP;
  }
  const ends = nodes.filter((node) => node.kind === "backend" || node.kind === "group");
  return { boxes, height: Math.max(y, stack(ends, (node) => wish(model, node, boxes), boxes, width)) };
}

/**
 * The path of a way, as a curve from the right side of one box to the left side of the other.
 *
 * @param {Box} from
 * @param {Box} to
 */
export function curve(from, to) {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
