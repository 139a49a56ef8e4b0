// Which backends of a large site are folded into one box: those of one name, else those of one frontend.

const FOLD_FROM = 24; // backends from which on they are folded
const SMALLEST_GROUP = 3;
const LARGEST_GROUP = 50; // more of a kind become several groups
const PART = 25;

/**
 * @typedef {object} Group
 * @property {string} key
 * @property {string} title
 * @property {string[]} members Names of backends.
 */

/** The word by which backends are folded: `shop-cart` and `shop_api` are both of `shop`. @param {string} name */
export const stemOf = (name) => name.split(/[-_.:\d]/)[0] || name;

/** @param {string} key @param {string} title @param {string[]} members @returns {Group[]} */
function inParts(key, title, members) {
  if (members.length <= LARGEST_GROUP) return [{ key, title, members }];
  const parts = [];
  for (let at = 0; at < members.length; at += PART) {
    const part = members.slice(at, at + PART);
    parts.push({ key: `${key}*${at}`, title: `${part[0]} … ${part[part.length - 1]}`, members: part });
  }
  return parts;
}

/**
 * Return the groups of backends; none where they are few.
 *
 * @param {string[]} names
 * @param {(name: string) => string} leader The frontend that leads to a backend; empty where none does.
 * @returns {Group[]}
 */
export function groupsOf(names, leader) {
  if (names.length < FOLD_FROM) return [];
  const groups = [];
  const rest = [];
  for (const [stem, members] of Map.groupBy(names, stemOf)) {
    if (members.length >= SMALLEST_GROUP) groups.push(...inParts(stem, `${stem} …`, members));
    else rest.push(...members);
  }
  if (rest.length < FOLD_FROM) return groups;
  for (const [frontend, members] of Map.groupBy(rest, leader)) {
    const title = frontend ? `others of ${frontend}` : "others, to which no rule leads";
    if (members.length >= SMALLEST_GROUP) groups.push(...inParts(`>${frontend}`, title, members));
  }
  return groups;
}
