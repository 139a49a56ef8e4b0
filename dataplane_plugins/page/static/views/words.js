// Conditions in words: ACL names are exchanged for what they ask, and matches are written out.

/** How a match is called that stands at the end of a criterion (manual, section 7.1.3). */
const MATCHES = /** @type {Record<string, string>} */ ({
  beg: "begins with", end: "ends with", sub: "contains", reg: "matches", dir: "has the folder",
  dom: "has the domain", len: "has the length", str: "is", found: "is there", ip: "is in", int: "is", bool: "is true",
});

/** @param {string} text */
const words = (text) => text.match(/"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"']+/g)?.reduce(joinTouching(text), { parts: /** @type {string[]} */ ([]), end: 0 }).parts ?? [];

/** Join pieces between which no space stands. @param {string} text */
function joinTouching(text) {
  return (/** @type {{ parts: string[], end: number }} */ so, /** @type {string} */ piece) => {
    const at = text.indexOf(piece, so.end);
    if (so.parts.length && at === so.end) so.parts[so.parts.length - 1] += piece;
    else so.parts.push(piece);
    return { parts: so.parts, end: at + piece.length };
  };
}

/**
 * Say what a criterion with its values asks: `path_beg /api` is "path begins with /api".
 *
 * @param {string} criterion
 * @param {string[]} values
 */
export function criterionInWords(criterion, values) {
  let [what, match] = [criterion, "is"];
  const found = /^([^(,]+?)_(beg|end|sub|reg|dir|dom|len|str)((?:\(.*\))?.*)$/.exec(criterion);
  if (found) [what, match] = [found[1] + found[3], MATCHES[found[2]]];
  const rest = [];
  let regardless = false;
  for (let at = 0; at < values.length; at += 1) {
    if (values[at] === "-m") match = MATCHES[values[(at += 1)]] ?? match;
    else if (values[at] === "-i") regardless = true;
    else if (values[at] === "-f") rest.push(`one of the file ${values[(at += 1)]}`);
    else if (!/^-[nuM]$|^--$/.test(values[at])) rest.push(values[at]);
  }
  const name = what.replace(/^(?:req\.)?hdr\(([^)]*)\)/, "header $1").replace(/^src$/, "source").replace(/^ssl_fc$/, "TLS");
  if (!rest.length) return match === "is there" ? `${name} is there` : name;
  return `${name} ${match} ${rest.join(" or ")}${regardless ? " (any case)" : ""}`;
}

/** @param {{ acl_name: string, criterion: string, value?: string }[]} acls @param {string} name */
function aclInWords(acls, name) {
  const lines = acls.filter((one) => one.acl_name === name);
  if (!lines.length) return name;
  return lines.map((one) => criterionInWords(one.criterion, words(one.value ?? ""))).join(" or ");
}

/**
 * Say when a rule holds.
 *
 * @param {string | undefined} cond `if` or `unless`
 * @param {string | undefined} test
 * @param {any[]} acls The ACLs of the section.
 */
export function conditionInWords(cond, test, acls = []) {
  if (!cond || !test) return "always";
  const parts = [];
  const given = words(test);
  for (let at = 0; at < given.length; at += 1) {
    let word = given[at];
    const joins = parts.length > 0 && !["or", "and"].includes(parts[parts.length - 1]) && !["or", "||"].includes(word);
    if (word === "or" || word === "||") {
      parts.push("or");
      continue;
    }
    if (joins) parts.push("and");
    const not = word.startsWith("!") ? "not " : "";
    word = word.replace(/^!/, "") || given[(at += 1)];
    if (word === "{") {
      const end = given.indexOf("}", at);
      parts.push(not + criterionInWords(given[at + 1], given.slice(at + 2, end)));
      at = end;
    } else {
      parts.push(not + aclInWords(acls, word));
    }
  }
  return `${cond === "unless" ? "unless " : "if "}${parts.join(" ")}`;
}
