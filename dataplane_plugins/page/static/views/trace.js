// Trace a request: which way it would take, rule by rule, now or as it would be after a change.

import { useEffect, useMemo, useState } from "preact/hooks";

import { CONFIGURATION, OWN, V3, change, get } from "../app/api.js";
import { html } from "../app/html.js";
import { refine } from "../app/router.js";
import { version as newestVersion } from "../app/state.js";
import { useStore } from "../app/store.js";
import { useTraffic } from "../app/traffic.js";
import { useData } from "../app/use-data.js";
import { LoadState } from "../parts/load-state.js";
import { makeModel } from "./map-model.js";
import { Picture } from "./map-picture.js";
import { TraceResult, pathIn } from "./trace-result.js";

const nothing = () => {};
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Header lines of a form, as the API takes them. @param {string} text */
function headersOf(text) {
  return text.split("\n").filter((line) => line.includes(":")).map((line) => {
    const at = line.indexOf(":");
    return { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
  });
}

/** @param {FormData} form @returns {any} */
function questionOf(form) {
  const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
  const request = {
    url: text("url") || "/", method: text("method"), frontend: text("frontend"), source: text("source"),
    sni: text("sni"), headers: headersOf(text("headers")),
  };
  const given = Object.entries(request).filter(([, value]) => value !== "" && value.length !== 0);
  const question = { requests: [Object.fromEntries(given)], state: text("running") ? "running" : "configured" };
  return text("transaction") ? { ...question, transaction: text("transaction") } : question;
}

/** What a link asks, as if somebody had filled the form. @param {Record<string, string>} params */
function formOf(params) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ method: "GET", ...params })) form.set(name, value);
  return form;
}

/** Its fields only begin with the parameters: what is typed stays when the view is drawn again. @param {{ frontends: any[], transactions: any[], params: Record<string, string>, busy: boolean, onAsk: (form: FormData) => void }} props */
function Form({ frontends, transactions, params, busy, onAsk }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    onAsk(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)));
  };
  return html`<form class="card trace-form" onSubmit=${submit} aria-label="The request">
    <label class="wide">URL <input name="url" data-search required placeholder="http://shop.example/cart" defaultValue=${params.url} /></label>
    <label>Method <select name="method">${METHODS.map((one) => html`<option key=${one} selected=${one === (params.method ?? "GET")}>${one}</option>`)}</select></label>
    <label>Frontend <select name="frontend">
      ${frontends.length !== 1 && html`<option value="">choose one</option>`}
      ${frontends.map((one) => html`<option key=${one.name} value=${one.name} selected=${one.name === params.frontend}>${one.name}</option>`)}</select></label>
    <label>Address of the client <input name="source" placeholder="192.0.2.1" defaultValue=${params.source} /></label>
    <label>Server name of TLS (SNI) <input name="sni" /></label>
    <label class="wide">Header fields, one a line <textarea name="headers" rows="2" placeholder="Cookie: session=1"></textarea></label>
    <label>Configuration <select name="transaction"><option value="">the newest version</option>
      ${transactions.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === params.transaction}>after transaction ${one.id}</option>`)}</select></label>
    <label class="choice"><input type="checkbox" name="running" /> Servers, tables and maps as they are now</label>
    <div class="actions"><button class="main" disabled=${busy}>${busy ? "Tracing …" : "Trace"}</button></div>
  </form>`;
}

/** @param {AbortSignal} signal */
async function loadChoices(signal) {
  const [frontends, backends, transactions] = await Promise.all([
    get(`${CONFIGURATION}/frontends`, { full_section: true }, signal),
    get(`${CONFIGURATION}/backends`, {}, signal),
    get(`${V3}/transactions`, { status: "in_progress" }, signal),
  ]);
  return { frontends, backends, transactions };
}

/** The sections that a way leads through, and no others. @param {any} data @param {any} result */
function modelOf(data, result) {
  const frontends = data.frontends.filter((/** @type {any} */ one) => one.name === result.frontend);
  const [frontend] = frontends;
  const named = new Set([result.backend, frontend?.default_backend, ...(frontend?.backend_switching_rule_list ?? []).map((/** @type {any} */ rule) => rule.name)]);
  const backends = data.backends.filter((/** @type {any} */ one) => named.has(one.name));
  return makeModel(frontends, backends, { unfolded: new Set(), search: "", focus: result.backend ?? "" });
}

/** @param {{ params: Record<string, string> }} props */
export default function TraceView({ params }) {
  const newest = useStore(newestVersion);
  const choices = useData(loadChoices, [newest]);
  const traffic = useTraffic();
  const [answer, setAnswer] = useState({ result: /** @type {any} */ (null), problem: "", busy: false });
  const ask = async (/** @type {FormData} */ form) => {
    const question = questionOf(form);
    const { url, frontend, source, method } = question.requests[0];
    refine({ url, frontend, source, method, transaction: String(form.get("transaction") ?? "") });
    setAnswer({ result: null, problem: "", busy: true });
    try {
      const { results } = await change("POST", `${OWN}/simulate`, { json: question });
      setAnswer({ result: results[0], problem: "", busy: false });
    } catch (error) {
      setAnswer({ result: null, problem: /** @type {Error} */ (error).message, busy: false });
    }
  };
  const isLoaded = choices.data !== undefined;
  useEffect(() => {
    if (isLoaded && params.url) ask(formOf(params));
  }, [isLoaded]);
  const { result, problem, busy } = answer;
  const model = useMemo(() => (result && choices.data ? modelOf(choices.data, result) : null), [result, choices.data]);
  const lit = useMemo(() => model && pathIn(model, result), [model]);
  return html`<h1>Trace a request</h1>
    <p class="quiet">HAProxy itself decides, in a process of its own: no packet leaves this machine.</p>
    <${LoadState} of=${choices} what="The configuration">
      <${Form} frontends=${choices.data?.frontends ?? []} transactions=${choices.data?.transactions ?? []} params=${params} busy=${busy} onAsk=${ask} />
    </${LoadState}>
    <div role="status" aria-live="polite">
      ${problem && html`<p class="problem">${problem}</p>`}
      ${result && html`<${TraceResult} result=${result} />`}
    </div>
    ${model && html`<h2>The way</h2><${Picture} model=${model} traffic=${traffic} chosen="" lit=${lit} onChoose=${nothing} />`}`;
}
