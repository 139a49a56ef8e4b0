// A table that stays quick with many rows: only what can be seen is drawn. Sorting, choosing, keys.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { html } from "../app/html.js";

const ROW_HEIGHT = 34; // as in parts.css
const SPARE = 12; // rows drawn above and below those that can be seen
const DRAWN_WHOLE = 200; // a shorter table is drawn whole

/**
 * @template T
 * @typedef {object} Column
 * @property {string} name
 * @property {string} title
 * @property {(row: T) => any} show
 * @property {(row: T) => string | number | null | undefined} [sort]
 * @property {boolean} [number] Aligned to the right.
 */

const collator = new Intl.Collator(undefined, { numeric: true });

/** @param {any} a @param {any} b */
function order(a, b) {
  if (a == null || b == null) return a == null ? (b == null ? 0 : -1) : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a), String(b));
}

/**
 * Return the rows in order. They are put as they were in order before first: of rows that are nearly in order few are compared.
 *
 * @template T
 * @param {T[]} rows
 * @param {(row: T) => any} by
 * @param {(row: T) => string} id
 * @param {{ current: string[] }} former
 */
function inOrder(rows, by, id, former) {
  const places = new Map(former.current.map((key, index) => [key, index]));
  const known = /** @type {T[]} */ ([]);
  const fresh = /** @type {T[]} */ ([]);
  for (const row of rows) {
    const place = places.get(id(row));
    if (place === undefined) fresh.push(row);
    else known[place] = row;
  }
  const result = [...known.filter((row) => row !== undefined), ...fresh].sort((a, b) => order(by(a), by(b)));
  former.current = result.map(id);
  return result;
}

/** The part of the rows that can be seen. @param {number} count @param {any} box */
function useWindow(count, box) {
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => setSeen({ top: element.scrollTop, height: element.clientHeight });
    look();
    element.addEventListener("scroll", look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => (element.removeEventListener("scroll", look), observer.disconnect());
  }, []);
  if (count <= DRAWN_WHOLE) return [0, count];
  const first = Math.max(0, Math.floor(seen.top / ROW_HEIGHT) - SPARE);
  return [first, Math.min(count, first + Math.ceil(seen.height / ROW_HEIGHT) + 2 * SPARE)];
}

/** @param {{ column: Column<any>, sorted: { name: string, down: boolean }, onSort: () => void }} props */
function Heading({ column, sorted, onSort }) {
  const is = sorted.name === column.name;
  const direction = is ? (sorted.down ? "descending" : "ascending") : "none";
  return html`<th scope="col" class=${column.number ? "number" : ""} aria-sort=${column.sort ? direction : undefined}>
    ${column.sort ? html`<button class="sort" onClick=${onSort}>${column.title}<span aria-hidden="true">${is ? (sorted.down ? " ↓" : " ↑") : ""}</span></button>` : column.title}
  </th>`;
}

/**
 * @template T
 * @param {object} props
 * @param {string} props.label What the rows are.
 * @param {T[]} props.rows
 * @param {Column<T>[]} props.columns
 * @param {(row: T) => string} props.id
 * @param {Set<string>} [props.chosen] The chosen rows; with `onChoose` rows have a box.
 * @param {(chosen: Set<string>) => void} [props.onChoose]
 * @param {(row: T) => string} [props.name] What a row's box is called.
 */
export function Table({ label, rows, columns, id, chosen, onChoose, name = id }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [sorted, setSorted] = useState({ name: "", down: false });
  const former = useRef(/** @type {string[]} */ ([]));
  const shown = useMemo(() => {
    const by = columns.find((one) => one.name === sorted.name)?.sort;
    if (!by) return rows;
    const result = inOrder(rows, by, id, former);
    return sorted.down ? result.reverse() : result;
  }, [rows, sorted]);
  const [first, end] = useWindow(shown.length, box);
  const toggle = (/** @type {string} */ key) => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    onChoose?.(next);
  };
  const all = shown.length > 0 && shown.every((row) => chosen?.has(id(row)));
  const toggleAll = () => onChoose?.(all ? new Set() : new Set(shown.map(id)));
  const sortBy = (/** @type {string} */ column) => setSorted({ name: column, down: sorted.name === column && !sorted.down });
  const width = columns.length + (onChoose ? 1 : 0);
  return html`<div class="table-box" ref=${box} tabindex="0" role="region" aria-label=${label}>
    <table aria-rowcount=${shown.length + 1}>
      <thead><tr>
        ${onChoose && html`<th scope="col"><input type="checkbox" aria-label="Choose all rows" checked=${all} onChange=${toggleAll} /></th>`}
        ${columns.map((column) => html`<${Heading} key=${column.name} column=${column} sorted=${sorted} onSort=${() => sortBy(column.name)} />`)}
      </tr></thead>
      <tbody>
        ${first > 0 && html`<tr aria-hidden="true"><td colspan=${width} style=${{ height: `${first * ROW_HEIGHT}px` }}></td></tr>`}
        ${shown.slice(first, end).map((row, index) => html`<tr key=${id(row)} aria-rowindex=${first + index + 2} class=${chosen?.has(id(row)) ? "chosen" : ""}>
          ${onChoose && html`<td><input type="checkbox" aria-label=${`Choose ${name(row)}`} checked=${Boolean(chosen?.has(id(row)))} onChange=${() => toggle(id(row))} /></td>`}
          ${columns.map((column) => html`<td key=${column.name} class=${column.number ? "number" : ""}>${column.show(row)}</td>`)}
        </tr>`)}
        ${end < shown.length && html`<tr aria-hidden="true"><td colspan=${width} style=${{ height: `${(shown.length - end) * ROW_HEIGHT}px` }}></td></tr>`}
      </tbody>
    </table>
    ${shown.length === 0 && html`<p class="quiet">Nothing to show.</p>`}
  </div>`;
}
