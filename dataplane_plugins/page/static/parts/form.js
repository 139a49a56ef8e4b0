// A form made from a schema: what is needed or set comes first, all else can be searched for.

import { useState } from "preact/hooks";

import { html } from "../app/html.js";
import { resolve } from "./schema.js";

const HIDDEN = new Set(["x_unmanaged", "metadata"]);

/** @typedef {(value: any) => void} Take */
/** @typedef {{ document: any, name: string, schema: any, value: any, required: boolean, onChange: Take }} FieldProps */

/** The label of a property: its words, not its identifier. @param {string} name */
const labelOf = (name) => name.replaceAll(/[_-]/g, " ");

/** @param {string} text @param {any} schema */
function typed(text, schema) {
  if (text === "") return undefined;
  return schema.type === "integer" || schema.type === "number" ? Number(text) : text;
}

/** @param {FieldProps} props */
function Choice({ name, schema, value, required, onChange }) {
  const values = schema.type === "boolean" ? ["true", "false"] : schema.enum;
  const take = (/** @type {any} */ event) => {
    const chosen = event.target.value;
    onChange(chosen === "" ? undefined : schema.type === "boolean" ? chosen === "true" : typed(chosen, schema));
  };
  return html`<select id=${name} required=${required} value=${value === undefined ? "" : String(value)} onChange=${take}>
    <option value="">not set</option>
    ${values.map((/** @type {any} */ one) => html`<option key=${one} value=${String(one)}>${schema.type === "boolean" ? (one === "true" ? "yes" : "no") : one}</option>`)}
  </select>`;
}

/** @param {FieldProps} props */
function Text({ name, schema, value, required, onChange }) {
  const isNumber = schema.type === "integer" || schema.type === "number";
  return html`<input id=${name} type=${isNumber ? "number" : "text"} min=${schema.minimum} max=${schema.maximum}
    required=${required} value=${value ?? ""} onInput=${(/** @type {any} */ event) => onChange(typed(event.target.value, schema))} />`;
}

/** Values of a list of scalars, one a line. @param {FieldProps} props */
function Lines({ name, schema, value = [], onChange }) {
  const take = (/** @type {any} */ event) => {
    const lines = event.target.value.split("\n").filter((/** @type {string} */ line) => line.trim() !== "");
    onChange(lines.length ? lines.map((/** @type {string} */ line) => typed(line.trim(), schema.items ?? {})) : undefined);
  };
  return html`<textarea id=${name} rows="2" value=${value.join("\n")} onChange=${take}></textarea>`;
}

/** Objects of a list, each with its own fields. @param {FieldProps} props */
function Objects({ document, name, schema, value = [], onChange }) {
  const items = resolve(document, schema.items);
  const put = (/** @type {number} */ at, /** @type {any} */ one) => onChange(value.map((/** @type {any} */ old, /** @type {number} */ index) => (index === at ? one : old)));
  const remove = (/** @type {number} */ at) => {
    const rest = value.filter((/** @type {any} */ _, /** @type {number} */ index) => index !== at);
    onChange(rest.length ? rest : undefined);
  };
  return html`<div>${value.map((/** @type {any} */ one, /** @type {number} */ at) => html`<fieldset key=${at}><legend>${labelOf(name.split(".").pop() ?? name)} ${at + 1}</legend>
      <${Fields} document=${document} prefix=${`${name}.${at}`} schema=${items} value=${one} onChange=${(/** @type {any} */ next) => put(at, next)} />
      <button type="button" onClick=${() => remove(at)}>Remove</button></fieldset>`)}
    <button type="button" onClick=${() => onChange([...value, {}])}>Add one</button></div>`;
}

/** @param {FieldProps} props */
function Field(props) {
  const { document, name, value, required, onChange } = props;
  const schema = resolve(document, props.schema);
  const title = labelOf(name.split(".").pop() ?? name);
  if (schema.type === "object" && schema.properties) {
    return html`<fieldset><legend>${title}</legend><p class="quiet">${schema.description}</p>
      <${Fields} document=${document} prefix=${name} schema=${schema} value=${value ?? {}} onChange=${(/** @type {any} */ next) => onChange(Object.keys(next).length ? next : undefined)} /></fieldset>`;
  }
  const isList = schema.type === "array";
  const ofObjects = isList && resolve(document, schema.items).type === "object";
  const kind = ofObjects ? Objects : isList ? Lines : schema.enum || schema.type === "boolean" ? Choice : Text;
  if (ofObjects) return html`<fieldset><legend>${title}</legend><p class="quiet">${schema.description}</p><${Objects} ...${props} schema=${schema} /></fieldset>`;
  return html`<div class="field"><label for=${name}>${title}${required ? " (needed)" : ""}</label>
    <${kind} document=${document} name=${name} schema=${schema} value=${value} required=${required} onChange=${onChange} />
    ${schema.description && html`<p class="quiet" id=${`${name}-help`}>${schema.description}${isList ? " One a line." : ""}</p>`}</div>`;
}

/** @param {any} object @param {string} name @param {any} value */
function withValue(object, name, value) {
  const { [name]: _, ...rest } = object;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** @param {{ document: any, prefix: string, schema: any, value: any, onChange: Take }} props */
function Fields({ document, prefix, schema, value, onChange }) {
  const [search, setSearch] = useState("");
  const required = new Set(schema.required ?? []);
  const names = Object.keys(schema.properties ?? {}).filter((name) => !HIDDEN.has(name) && !schema.properties[name].readOnly && !name.endsWith("_list"));
  const shown = new Set([...required, ...Object.keys(value ?? {}), ...Object.keys(schema.example ?? {})]);
  const first = names.filter((name) => shown.has(name));
  const rest = names.filter((name) => !shown.has(name));
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const help = (/** @type {string} */ name) => `${labelOf(name)} ${resolve(document, schema.properties[name]).description ?? ""}`.toLowerCase();
  const found = words.length ? rest.filter((name) => words.every((word) => help(name).includes(word))) : [];
  const field = (/** @type {string} */ name) => html`<${Field} key=${name} document=${document} name=${prefix ? `${prefix}.${name}` : name} schema=${schema.properties[name]}
    value=${value?.[name]} required=${required.has(name)} onChange=${(/** @type {any} */ next) => onChange(withValue(value ?? {}, name, next))} />`;
  return html`${first.map(field)}
    ${rest.length > 6 ? html`<div class="field"><label for=${`${prefix}search`}>More settings (${rest.length})</label>
        <input id=${`${prefix}search`} type="search" placeholder="what it does, or its name" value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} /></div>
      ${found.slice(0, 20).map(field)}` : rest.map(field)}`;
}

/**
 * @param {{ document: any, schema: any, value: any, action: string, problem: string, busy: boolean, readOnly: boolean, onSubmit: (value: any) => void, children?: any }} props
 */
export function SchemaForm({ document, schema, value, action, problem, busy, readOnly, onSubmit, children }) {
  const [now, setNow] = useState(value);
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    onSubmit(now);
  };
  return html`<form class="schema-form" onSubmit=${submit}>
    <fieldset class="all" disabled=${readOnly}><legend class="unseen">Values</legend>
      <${Fields} document=${document} prefix="" schema=${schema} value=${now} onChange=${setNow} /></fieldset>
    <p class="problem" role="alert">${problem}</p>
    ${!readOnly && html`<p class="actions"><button class="main" disabled=${busy}>${action}</button>${children}</p>`}
  </form>`;
}
