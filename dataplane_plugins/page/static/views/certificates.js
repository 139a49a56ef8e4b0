// Certificates: names, chain, days left, where they are used, and their replacement after a check.

import { useState } from "preact/hooks";

import { OWN, V3, ask, change, get } from "../app/api.js";
import { formatTime } from "../app/format.js";
import { html } from "../app/html.js";
import { linkTo, refine } from "../app/router.js";
import { session } from "../app/session.js";
import { useStore } from "../app/store.js";
import { useEvents } from "../app/stream.js";
import { useData } from "../app/use-data.js";
import { announce, announceError } from "../parts/announce.js";
import { confirmFirst } from "../parts/dialog.js";
import { shortPath } from "../parts/diff.js";
import { DropFile } from "../parts/drop-file.js";
import { LoadState } from "../parts/load-state.js";
import { Plan } from "../parts/plan.js";
import { Table } from "../parts/table.js";
import { Values } from "./map-details.js";

const PATH = `${V3}/storage/ssl_certificates`;
const DAY = 86400000;
const SOON = 30;
const VERY_SOON = 7;

/** @param {any} certificate */
const daysLeft = (certificate) => certificate.not_after && Math.floor((new Date(certificate.not_after).getTime() - Date.now()) / DAY);

/** @param {{ certificate: any }} props */
function DaysLeft({ certificate }) {
  const days = daysLeft(certificate);
  if (days === undefined) return html`<span class="quiet">unknown</span>`;
  const tone = days < VERY_SOON ? "bad" : days < SOON ? "unsure" : "good";
  return html`<span class=${`badge ${tone}`} title=${formatTime(certificate.not_after)}>${days < 0 ? "expired" : `${days} days`}</span>`;
}

/** @type {import("../parts/table.js").Column<any>[]} */
const COLUMNS = [
  { name: "name", title: "File", sort: (one) => one.storage_name, show: (one) => html`<a href=${linkTo("certificates", { name: one.storage_name })}>${one.storage_name}</a>` },
  { name: "domains", title: "Names", sort: (one) => one.domains, show: (one) => one.domains ?? one.subject ?? "–" },
  { name: "days", title: "Days left", number: true, sort: daysLeft, show: (one) => html`<${DaysLeft} certificate=${one} />` },
  { name: "issuers", title: "Issued by", sort: (one) => one.issuers, show: (one) => one.issuers ?? "–" },
  { name: "algorithm", title: "Key", sort: (one) => one.algorithm, show: (one) => one.algorithm ?? "–" },
];

/** @param {AbortSignal} signal */
async function loadAll(signal) {
  const list = await get(PATH, {}, signal);
  return Promise.all(list.map((/** @type {any} */ one) => get(`${PATH}/${encodeURIComponent(one.storage_name)}`, {}, signal).catch(() => one)));
}

/** Replace a certificate by a file, after what it would do was shown. @param {string} name @param {File} file */
async function replace(name, file) {
  const path = `${PATH}/${encodeURIComponent(name)}`;
  const body = await file.text();
  const headers = { "Content-Type": "text/plain" };
  try {
    const plan = await change("PUT", path, { body, headers, query: { dry_run: true } });
    const refused = plan.verdict === "refused";
    const answer = await confirmFirst({
      title: `Replace ${name} by ${file.name}`, body: html`<${Plan} plan=${plan} />`, action: refused ? "Close" : "Replace it", ask: "Reason",
    });
    if (answer === null || refused) return;
    const { status } = await ask("PUT", path, { body, headers: { ...headers, ...(answer ? { "X-Change-Reason": answer } : {}) } });
    announce(status === 202 ? `${name} is replaced; HAProxy is reloaded with it.` : `${name} is replaced, and HAProxy has it.`, { tone: "good" });
  } catch (error) {
    announceError(error);
  }
}

/** @param {File} file */
async function upload(file) {
  const form = new FormData();
  form.append("file_upload", file, file.name);
  try {
    await change("POST", PATH, { body: form });
    announce(`${file.name} is stored. A bind uses it once it names it.`, { tone: "good" });
  } catch (error) {
    announceError(error);
  }
}

/** @param {{ name: string }} props */
function Uses({ name }) {
  const resource = `/v3/services/haproxy/storage/ssl_certificates/${encodeURIComponent(name)}`;
  const uses = useData((signal) => get(`${OWN}/references`, { resource }, signal), [name]);
  const by = uses.data?.referenced_by ?? [];
  return html`<h3>Used by</h3><${LoadState} of=${uses} what="The uses">
    ${by.length === 0 ? html`<p class="quiet">No line names it by its own path; a line may load its whole folder.</p>`
      : html`<ul>${by.map((/** @type {any} */ one) => html`<li key=${one.line}><code>${shortPath(one.resource)}</code>, line ${one.line}</li>`)}</ul>`}
  </${LoadState}>`;
}

/** What the running HAProxy has of a certificate, with its chain; null where it has not loaded it. @param {string} file @param {AbortSignal} signal */
async function loadRunning(file, signal) {
  const list = await get(`${V3}/runtime/ssl_certs`, {}, signal);
  if (!list.some((/** @type {any} */ one) => one.storage_name === file)) return null;
  return get(`${V3}/runtime/ssl_certs/${encodeURIComponent(file)}`, {}, signal);
}

/** @param {{ file: string }} props */
function Running({ file }) {
  const running = useData((signal) => loadRunning(file, signal), [file]);
  return html`<h3>In the running HAProxy, with its chain</h3><${LoadState} of=${running} what="What HAProxy has">
    ${running.data ? html`<${Values} values=${running.data} />` : html`<p class="quiet">HAProxy has not loaded it.</p>`}
  </${LoadState}>`;
}

/** @param {{ name: string, mayChange: boolean, onChanged: () => void }} props */
function Certificate({ name, mayChange, onChanged }) {
  const one = useData((signal) => get(`${PATH}/${encodeURIComponent(name)}`, {}, signal), [name]);
  const take = (/** @type {File} */ file) => replace(name, file).then(() => (one.reload(), onChanged()));
  return html`<section class="card" aria-label=${`Certificate ${name}`}>
    <header class="actions"><h2>${name}</h2>${one.data && html`<${DaysLeft} certificate=${one.data} />`}<span class="room"></span>
      <button class="plain" aria-label="Close the certificate" onClick=${() => refine({ name: "" })}>×</button></header>
    <${LoadState} of=${one} what=${name}>
      ${mayChange && html`<${DropFile} label=${`Replace ${name}: drop a PEM file with certificate, chain and key here`} accept=".pem,.crt,.cer,.key" onFile=${take} />`}
      <${Values} values=${one.data ?? {}} />
      ${one.data && html`<${Running} file=${one.data.file} />`}
      <${Uses} name=${name} />
    </${LoadState}>
  </section>`;
}

/** @param {{ params: Record<string, string> }} props */
export default function CertificatesView({ params }) {
  const all = useData(loadAll, []);
  const who = useStore(session);
  const [search, setSearch] = useState("");
  useEvents(["certificate", "reload"], all.reload);
  const rows = /** @type {any[]} */ (all.data ?? []).filter((one) => JSON.stringify(one).toLowerCase().includes(search.toLowerCase()));
  return html`<h1>Certificates</h1>
    <div class="toolbar"><label>Search <input type="search" data-search value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} /></label></div>
    <${LoadState} of=${all} what="The certificates">
      <${Table} label="Certificates" rows=${rows} columns=${COLUMNS} id=${(/** @type {any} */ one) => one.storage_name} />
    </${LoadState}>
    ${params.name && html`<${Certificate} key=${params.name} name=${params.name} mayChange=${Boolean(who?.mayChange)} onChanged=${all.reload} />`}
    ${who?.mayChange && html`<h2>Store another one</h2><${DropFile} label="Drop a PEM file with certificate, chain and key here" accept=".pem,.crt,.cer,.key" onFile=${(/** @type {File} */ file) => upload(file).then(all.reload)} />`}`;
}
