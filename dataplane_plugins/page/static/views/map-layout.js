// Where the nodes of the map stand: three columns, each thing beside what leads to it.

/** @import { MapModel, MapNode } from "./map-model.js" */

const COLUMNS = /** @type {Record<string, { x: number, width: number, height: number }>} */ ({
  frontend: { x: 0, width: 230, height: 66 },
  rule: { x: 300, width: 290, height: 34 },
  backend: { x: 670, width: 270, height: 66 },
  group: { x: 670, width: 270, height: 66 },
});
const GAP = 10;

export const WIDTH = 950;

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/** @param {MapModel} model @param {MapNode} node @param {Map<string, Box>} boxes */
function wish(model, node, boxes) {
  const before = model.ways.filter((way) => way.to === node.id).map((way) => boxes.get(way.from)).filter((box) => box !== undefined);
  if (!before.length) return Number.MAX_SAFE_INTEGER; // nothing leads there: at the end
  return Math.min(...before.map((box) => box.y));
}

/** @param {MapNode[]} nodes @param {(node: MapNode) => number} wished @param {Map<string, Box>} boxes */
function stack(nodes, wished, boxes) {
  let y = 0;
  const placed = nodes.map((node, index) => ({ node, at: wished(node), index }));
  placed.sort((a, b) => a.at - b.at || a.index - b.index);
  for (const { node, at } of placed) {
    const { x, width, height } = COLUMNS[node.kind];
    if (at !== Number.MAX_SAFE_INTEGER && node.kind !== "backend" && node.kind !== "group") y = Math.max(y, at);
    boxes.set(node.id, { x, y, width, height });
    y += height + GAP;
  }
  return y;
}

/**
 * Return the box of each node, and the height of the picture.
 *
 * @param {MapModel} model
 * @returns {{ boxes: Map<string, Box>, height: number }}
 */
export function layOut(model) {
  const boxes = /** @type {Map<string, Box>} */ (new Map());
  const nodes = [...model.nodes.values()];
  const rules = nodes.filter((node) => node.kind === "rule");
  let y = 0;
  for (const frontend of nodes.filter((node) => node.kind === "frontend")) {
    const { x, width, height } = COLUMNS.frontend;
    boxes.set(frontend.id, { x, y, width, height });
    const own = rules.filter((rule) => rule.name === frontend.name);
    own.forEach((rule, index) => boxes.set(rule.id, { ...COLUMNS.rule, y: y + index * (COLUMNS.rule.height + GAP) }));
    y += Math.max(height + GAP, own.length * (COLUMNS.rule.height + GAP)) + GAP;
  }
  const ends = nodes.filter((node) => node.kind === "backend" || node.kind === "group");
  return { boxes, height: Math.max(y, stack(ends, (node) => wish(model, node, boxes), boxes)) };
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
