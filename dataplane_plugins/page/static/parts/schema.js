// The schemas of the API's own document, by which forms are made.

import { PREFIX, get } from "../app/api.js";

const API = `${PREFIX}/v3`;
/** @type {Promise<any> | null} */
let loading = null;

/** The OpenAPI document of version 3, loaded once. */
export function loadDocument() {
  loading ??= get(`${API}/specification_openapiv3`).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** @param {any} document @param {any} schema @returns {any} */
export function resolve(document, schema) {
  if (schema?.$ref) return resolve(document, document.components.schemas[schema.$ref.split("/").pop()]);
  if (schema?.allOf) {
    const parts = schema.allOf.map((/** @type {any} */ one) => resolve(document, one));
    const properties = Object.assign({}, ...parts.map((/** @type {any} */ one) => one.properties));
    return { ...Object.assign({}, ...parts), properties, required: parts.flatMap((/** @type {any} */ one) => one.required ?? []) };
  }
  return schema ?? {};
}

/** @param {string} template @param {string} path */
function fits(template, path) {
  const [a, b] = [template.split("/"), path.split("/")];
  return a.length === b.length && a.every((part, at) => part === b[at] || (part.startsWith("{") && b[at] !== ""));
}

/**
 * The schema of what an operation on a path takes; null where there is none.
 *
 * @param {any} document
 * @param {string} method
 * @param {string} path From `/v3` on.
 */
export function bodySchema(document, method, path) {
  const below = path.slice(path.indexOf("/v3") + 3);
  const exact = Object.keys(document.paths).filter((one) => fits(one, below));
  exact.sort((a, b) => (a.match(/\{/g)?.length ?? 0) - (b.match(/\{/g)?.length ?? 0));
  for (const template of exact) {
    const content = document.paths[template][method.toLowerCase()]?.requestBody?.content?.["application/json"];
    if (content) return resolve(document, content.schema);
  }
  return null;
}

/** Whether an object can be deleted: some, such as the global settings, are always there. @param {any} document @param {string} path */
export function canDelete(document, path) {
  const below = path.slice(path.indexOf("/v3") + 3);
  return Object.keys(document.paths).some((template) => fits(template, below) && document.paths[template].delete);
}

/** The rows that can be added below an object: their names and paths. @param {any} document @param {string} path */
export function rowsBelow(document, path) {
  const below = path.slice(path.indexOf("/v3") + 3);
  const depth = below.split("/").length;
  return Object.keys(document.paths).filter((template) => {
    const parts = template.split("/");
    return parts.length === depth + 1 && !(parts.at(-1) ?? "").startsWith("{") && fits(parts.slice(0, depth).join("/"), below)
      && (document.paths[template].post || document.paths[`${template}/{index}`]?.post);
  }).map((template) => template.split("/").pop() ?? "");
}
