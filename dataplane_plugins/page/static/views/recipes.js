// Common changes in their own words: nobody has to know a line of HAProxy's language for them.

import { useEffect, useState } from "preact/hooks";

import { CONFIGURATION, get } from "../app/api.js";
import { edit, readIn } from "../app/draft.js";
import { formatPercent } from "../app/format.js";
import { html } from "../app/html.js";
import { shareOfWeight, weightForShare } from "../parts/weights.js";

/** What stands in a condition or a line as one word: no blank, no quote, no brace, no escape. */
const WORD = "[^\\s\"'\\\\\\{\\}#%]+"; // in the notation of the attribute pattern
const NAME = "[A-Za-z0-9_.:\\-]+";
const PORT = 65535;

/** @param {string} name */
const backendPath = (name) => `${CONFIGURATION}/backends/${encodeURIComponent(name)}`;

/** @param {Record<string, string>} form @param {number | undefined} weight */
function serverOf({ server, address, port, check }, weight) {
  return { name: server, address, ...(port ? { port: Number(port) } : {}), ...(check ? { check: "enabled" } : {}), ...(weight === undefined ? {} : { weight }) };
}

/** A form that sends its fields to `send`, and says what went wrong. @param {{ title: string, children?: any, send: (form: Record<string, string>) => Promise<void> }} props */
function RecipeForm({ title, children, send }) {
  const [state, setState] = useState({ problem: "", busy: false });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)));
    setState({ problem: "", busy: true });
    try {
      await send(/** @type {Record<string, string>} */ (form));
    } catch (error) {
      setState({ problem: /** @type {Error} */ (error).message, busy: false });
    }
  };
  return html`<h1>${title}</h1><form class="card recipe" onSubmit=${submit}>${children}
    <p class="problem" role="alert">${state.problem}</p>
    <p class="actions"><button class="main" disabled=${state.busy}>Add to your change</button></p></form>`;
}

/** @param {{ names: string[] }} props */
const Options = ({ names }) => names.map((name) => html`<option key=${name} value=${name}>${name}</option>`);

/** The weights of a backend's servers. @param {string} backend */
function useWeights(backend) {
  const [weights, setWeights] = useState(/** @type {number[]} */ ([]));
  useEffect(() => {
    if (!backend) return;
    get(`${backendPath(backend)}/servers`, { transaction_id: readIn() })
      .then((servers) => setWeights(servers.map((/** @type {any} */ one) => one.weight ?? 1)), () => setWeights([]));
  }, [backend]);
  return weights;
}

/** Weights that leave room for a small share: all times ten, where they are all too small. @param {number[]} weights @param {number} share */
function reachable(weights, share) {
  const weight = weightForShare(share, weights);
  return Math.abs(shareOfWeight(weight, weights) - share) < 0.02 ? weight : null;
}

/** @param {{ share: string, weights: number[] }} props */
function ShareHelp({ share, weights }) {
  if (!share || !weights.length) return html`<p class="quiet">Without a share it gets as much as any other server.</p>`;
  const weight = weightForShare(Number(share) / 100, weights);
  const reached = shareOfWeight(weight, weights);
  const exact = reachable(weights, Number(share) / 100) !== null;
  return html`<p class="quiet" role="status">Weight ${exact ? weight : scaledWeight(weights, Number(share) / 100)} beside ${weights.length} others${exact ? `: ${formatPercent(reached)} of the traffic.` : `, whose weights become ${scaleOf(weights, Number(share) / 100)} times as large: their shares stay.`}</p>`;
}

/** By what the weights of the others are multiplied for a share to be reached. @param {number[]} weights @param {number} share */
function scaleOf(weights, share) {
  const largest = Math.max(1, ...weights);
  for (const scale of [10, 20, 50, 100]) {
    if (largest * scale <= 256 && reachable(weights.map((one) => one * scale), share) !== null) return scale;
  }
  return 1;
}

/** @param {number[]} weights @param {number} share */
const scaledWeight = (weights, share) => weightForShare(share, weights.map((one) => one * scaleOf(weights, share)));

/** The steps that give the other servers larger weights. @param {string} backend @param {number} scale */
async function scalingSteps(backend, scale) {
  if (scale === 1) return [];
  const servers = await get(`${backendPath(backend)}/servers`, { transaction_id: readIn() });
  return servers.map((/** @type {any} */ one) => ({
    method: "PUT", path: `${backendPath(backend)}/servers/${encodeURIComponent(one.name)}`, json: { ...one, weight: (one.weight ?? 1) * scale },
  }));
}

/** @param {{ names: { backends: string[] }, backend: string, onDone: () => void }} props */
export function AddServer({ names, backend: first, onDone }) {
  const [backend, setBackend] = useState(first || names.backends[0] || "");
  const [share, setShare] = useState("");
  const weights = useWeights(backend);
  const send = async (/** @type {Record<string, string>} */ form) => {
    const wanted = Number(share) / 100;
    const isDirect = !share || reachable(weights, wanted) !== null;
    const scale = isDirect ? 1 : scaleOf(weights, wanted);
    const weight = share && weights.length ? (isDirect ? weightForShare(wanted, weights) : scaledWeight(weights, wanted)) : undefined;
    const steps = await scalingSteps(backend, scale);
    await edit(`add server ${form.server} to backend ${backend}`, [...steps, { method: "POST", path: `${backendPath(backend)}/servers`, json: serverOf(form, weight) }]);
    onDone();
  };
  return html`<${RecipeForm} title="Add a server to a backend" send=${send}>
    <label>Backend <select value=${backend} onChange=${(/** @type {any} */ event) => setBackend(event.target.value)}><${Options} names=${names.backends} /></select></label>
    <label>Name of the server <input name="server" required pattern=${NAME} /></label>
    <label>Address <input name="address" required pattern=${WORD} placeholder="192.0.2.10" /></label>
    <label>Port <input name="port" type="number" min="1" max=${PORT} required /></label>
    <label>Share of the traffic, in percent <input type="number" min="1" max="99" value=${share} onInput=${(/** @type {any} */ event) => setShare(event.target.value)} /></label>
    <${ShareHelp} share=${share} weights=${weights} />
    <label class="choice"><input type="checkbox" name="check" checked /> Check its health</label>
  </${RecipeForm}>`;
}

/** The condition of requests for a host and below a path; both may be empty. @param {string} host @param {string} path */
function conditionFor(host, path) {
  const ofHost = host ? `{ hdr(host),field(1,:) -i ${host} }` : "";
  if (!path || path === "/") return ofHost;
  const folder = path.replace(/\/+$/, "");
  return [`{ path ${folder} }`, `{ path_beg ${folder}/ }`].map((one) => [ofHost, one].filter(Boolean).join(" ")).join(" or ");
}

/** @param {{ names: { frontends: string[], backends: string[] }, onDone: () => void }} props */
export function RouteRequests({ names, onDone }) {
  const [target, setTarget] = useState("");
  const send = async (/** @type {Record<string, string>} */ form) => {
    const condition = conditionFor(form.host.trim(), form.path.trim());
    if (!condition) throw new Error("Say a host or a path: which requests are meant?");
    const name = target || form.name;
    const rules = `${CONFIGURATION}/frontends/${encodeURIComponent(form.frontend)}/backend_switching_rules/0`;
    const backend = target ? [] : [
      { method: "POST", path: `${CONFIGURATION}/backends`, json: { name, mode: "http" } },
      { method: "POST", path: `${backendPath(name)}/servers`, json: serverOf(form, undefined) },
    ];
    await edit(`route ${form.host}${form.path} to backend ${name}`, [...backend, { method: "POST", path: rules, json: { name, cond: "if", cond_test: condition } }]);
    onDone();
  };
  return html`<${RecipeForm} title="Route some requests to a backend" send=${send}>
    <label>Requests that come to <select name="frontend"><${Options} names=${names.frontends} /></select></label>
    <label>for the host <input name="host" pattern=${WORD} placeholder="shop.example" /></label>
    <label>and below the path <input name="path" pattern=${`/${WORD}`} placeholder="/beta" /></label>
    <label>go to <select value=${target} onChange=${(/** @type {any} */ event) => setTarget(event.target.value)}>
      <option value="">a new backend</option><${Options} names=${names.backends} /></select></label>
    ${!target && html`<label>Name of the new backend <input name="name" required pattern=${NAME} /></label>
      <label>Name of its first server <input name="server" required pattern=${NAME} value="s1" /></label>
      <label>Address of the server <input name="address" required pattern=${WORD} placeholder="192.0.2.10" /></label>
      <label>Port <input name="port" type="number" min="1" max=${PORT} required /></label>
      <label class="choice"><input type="checkbox" name="check" checked /> Check its health</label>`}
  </${RecipeForm}>`;
}
