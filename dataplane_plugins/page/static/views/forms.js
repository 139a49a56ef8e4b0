// Forms: any object of the configuration by its schema, and the common changes in their own words.

import { useState } from "preact/hooks";

import { CONFIGURATION, PREFIX, get } from "../app/api.js";
import { draft, edit, readIn } from "../app/draft.js";
import { html } from "../app/html.js";
import { linkTo, navigate } from "../app/router.js";
import { session } from "../app/session.js";
import { version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useData } from "../app/use-data.js";
import { announce } from "../parts/announce.js";
import { shortPath } from "../parts/diff.js";
import { SchemaForm } from "../parts/form.js";
import { LoadState } from "../parts/load-state.js";
import { bodySchema, canDelete, loadDocument, rowsBelow } from "../parts/schema.js";
import { AddServer, RouteRequests } from "./recipes.js";

const TOP = "/v3/services/haproxy/configuration";
const KINDS = /** @type {const} */ ([
  ["frontends", "frontend"], ["backends", "backend"], ["defaults", "defaults section"], ["listens", "listen section"], ["resolvers", "resolvers section"],
  ["peer_section", "peers section"], ["userlists", "user list"], ["caches", "cache"], ["rings", "ring"], ["log_forwards", "log forward"],
  ["mailers_section", "mailers section"], ["http_errors_sections", "error pages"], ["fcgi_apps", "FastCGI application"],
]);

/** Whether a path leads to an object of the configuration: anybody can write a link. @param {string} path */
const isOfConfiguration = (path) => path.startsWith(`${TOP}/`) && !/[?#\\]|\/\/|\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);

/** The transaction in which values are read, if it has edits already. */
const inDraft = () => ({ transaction_id: readIn() });

/** @param {{ resource: string }} props */
function EditObject({ resource }) {
  const newest = useStore(newestVersion);
  const who = useStore(session);
  const path = PREFIX + resource;
  const loaded = useData(async (signal) => ({ document: await loadDocument(), value: await get(path, inDraft(), signal) }), [resource, newest]);
  const [state, setState] = useState({ problem: "", busy: false });
  const send = async (/** @type {string} */ method, /** @type {any} */ json, /** @type {string} */ words) => {
    setState({ problem: "", busy: true });
    try {
      await edit(`${words} ${shortPath(resource)}`, [{ method, path, json }]);
      announce(`${shortPath(resource)} is part of your change. Review it to put it in force.`, { tone: "good" });
      setState({ problem: "", busy: false });
      if (method === "DELETE") navigate("forms", { collection: resource.slice(0, resource.lastIndexOf("/")) });
    } catch (error) {
      setState({ problem: /** @type {Error} */ (error).message, busy: false });
    }
  };
  const { document, value } = loaded.data ?? {};
  const schema = document && bodySchema(document, "put", resource);
  return html`<h1>${shortPath(resource)}</h1>
    <${LoadState} of=${loaded} what=${shortPath(resource)}>
      ${schema && html`<${SchemaForm} key=${newest} document=${document} schema=${schema} value=${value} action="Add to your change" problem=${state.problem} busy=${state.busy} readOnly=${!who?.mayChange}
          onSubmit=${(/** @type {any} */ now) => send("PUT", now, "change")}>
        ${canDelete(document, resource) && html`<button type="button" class="danger" onClick=${() => send("DELETE", undefined, "delete")}>Delete it</button>`}</${SchemaForm}>
      <${Rows} document=${document} resource=${resource} />`}
    </${LoadState}>`;
}

/** @param {{ document: any, resource: string }} props */
function Rows({ document, resource }) {
  const names = rowsBelow(document, resource);
  if (!names.length) return null;
  return html`<h2>What it holds</h2><ul class="columns">${names.map((name) => html`<li key=${name}>
    <a href=${linkTo("forms", { collection: `${resource}/${name}` })}>${name.replaceAll("_", " ")}</a></li>`)}</ul>`;
}

/** Where the POST of a new object goes: rows without names are added at an index. @param {any} document @param {string} collection @param {any[]} objects */
function addPath(document, collection, objects) {
  return bodySchema(document, "post", collection) ? collection : `${collection}/${objects.length}`;
}

/** @param {any} value @param {number} index */
const nameOf = (value, index) => value.name ?? value.acl_name ?? value.id ?? String(index);

/** @param {{ collection: string }} props */
function ListObjects({ collection }) {
  const newest = useStore(newestVersion);
  const now = useStore(draft);
  const who = useStore(session);
  const loaded = useData(async (signal) => ({ document: await loadDocument(), objects: await get(PREFIX + collection, inDraft(), signal) }), [collection, newest, now?.edits.length]);
  const [state, setState] = useState({ problem: "", busy: false, round: 0 });
  const { document, objects = [] } = loaded.data ?? {};
  const path = document ? addPath(document, collection, objects) : collection;
  const isIndexed = path !== collection;
  const schema = document && bodySchema(document, "post", path);
  const add = async (/** @type {any} */ value) => {
    setState({ ...state, problem: "", busy: true });
    try {
      await edit(`add ${nameOf(value, objects.length)} to ${shortPath(collection)}`, [{ method: "POST", path: PREFIX + path, json: value }]);
      announce("It is part of your change. Review it to put it in force.", { tone: "good" });
      setState({ problem: "", busy: false, round: state.round + 1 });
    } catch (error) {
      setState({ ...state, problem: /** @type {Error} */ (error).message, busy: false });
    }
  };
  return html`<h1>${shortPath(collection)}</h1>
    <${LoadState} of=${loaded} what=${shortPath(collection)}>
      <ul class="columns">${objects.map((/** @type {any} */ one, /** @type {number} */ index) => html`<li key=${index}>
        <a href=${linkTo("forms", { resource: `${collection}/${isIndexed ? index : encodeURIComponent(nameOf(one, index))}` })}>${isIndexed ? `${index}: ${JSON.stringify(one)}` : nameOf(one, index)}</a></li>`)}</ul>
      ${schema && who?.mayChange && html`<h2>Add one</h2><${SchemaForm} key=${state.round} document=${document} schema=${schema} value=${{}} action="Add to your change" problem=${state.problem} busy=${state.busy} readOnly=${false} onSubmit=${add} />`}
    </${LoadState}>`;
}

function Overview() {
  return html`<h1>Forms</h1>
    <h2>Common changes</h2>
    <ul class="columns">
      <li><a href=${linkTo("forms", { add: "server" })}>Add a server to a backend</a></li>
      <li><a href=${linkTo("forms", { add: "route" })}>Route some requests to a backend</a></li>
      <li><a href=${linkTo("servers")}>Drain a server</a></li>
      <li><a href=${linkTo("certificates")}>Replace a certificate</a></li>
      <li><a href=${linkTo("history")}>Put a version back</a></li>
    </ul>
    <h2>Everything else</h2>
    <ul class="columns"><li><a href=${linkTo("forms", { resource: `${TOP}/global` })}>global settings</a></li>
      ${KINDS.map(([name, title]) => html`<li key=${name}><a href=${linkTo("forms", { collection: `${TOP}/${name}` })}>${title}</a></li>`)}</ul>`;
}

/** @param {AbortSignal} signal */
async function loadNames(signal) {
  const [frontends, backends] = await Promise.all([
    get(`${CONFIGURATION}/frontends`, inDraft(), signal), get(`${CONFIGURATION}/backends`, inDraft(), signal),
  ]);
  return { frontends: frontends.map((/** @type {any} */ one) => one.name), backends: backends.map((/** @type {any} */ one) => one.name) };
}

/** @param {{ params: Record<string, string> }} props */
function Recipe({ params }) {
  const names = useData(loadNames, []);
  const who = useStore(session);
  const made = () => {
    announce("It is part of your change. Review it to put it in force.", { tone: "good" });
    navigate("forms");
  };
  if (!who?.mayChange) return html`<h1>Forms</h1><p>You may look, but change nothing: ${who?.reason || "your rights forbid it"}.</p>`;
  return html`<${LoadState} of=${names} what="The configuration">
    ${names.data && (params.add === "route" ? html`<${RouteRequests} names=${names.data} onDone=${made} />`
      : html`<${AddServer} names=${names.data} backend=${params.backend ?? ""} onDone=${made} />`)}
  </${LoadState}>`;
}

/** @param {{ params: Record<string, string> }} props */
export default function FormsView({ params }) {
  const back = html`<p><a href=${linkTo("forms")}>← Forms</a></p>`;
  const path = params.resource || params.collection;
  if (path && !isOfConfiguration(path)) return html`${back}<h1>No such object</h1><p>The configuration has nothing at <code>${path}</code>.</p>`;
  if (params.resource) return html`${back}<${EditObject} key=${params.resource} resource=${params.resource} />`;
  if (params.collection) return html`${back}<${ListObjects} key=${params.collection} collection=${params.collection} />`;
  if (params.add) return html`${back}<${Recipe} params=${params} />`;
  return html`<${Overview} />`;
}
