// What can be done to servers: said before it is done, by what the API would send, and undone afterwards.

import { CONFIGURATION, V3, change, get } from "../app/api.js";
import { formatCount } from "../app/format.js";
import { html } from "../app/html.js";
import { refreshVersion, version } from "../app/state.js";
import { announce, announceError } from "../parts/announce.js";
import { confirmFirst } from "../parts/dialog.js";
import { typedWeight } from "../parts/weights.js";

/** @typedef {{ id: string, backend: string, name: string, row: any }} Server */
/** @typedef {{ state: string, title: string, done: string, means: string }} Action */

/** @type {Action[]} */
export const ACTIONS = [
  { state: "drain", title: "Drain", done: "drain", means: "They get no new sessions; those that are there go on." },
  { state: "maint", title: "Maintenance", done: "are in maintenance", means: "They get no sessions and no checks; sessions that are there go on." },
  { state: "ready", title: "Ready", done: "are ready", means: "They take sessions again." },
];
const MOST_PLANNED = 20; // servers whose commands are asked for and shown

/** @param {Server} server */
const runtimePath = (server) =>
  `${V3}/runtime/backends/${encodeURIComponent(server.backend)}/servers/${encodeURIComponent(server.name)}`;

/** @param {Server} server */
const configurationPath = (server) =>
  `${CONFIGURATION}/backends/${encodeURIComponent(server.backend)}/servers/${encodeURIComponent(server.name)}`;

/** The administrative state that HAProxy's status says. @param {string} status */
function stateOf(status) {
  if (/^MAINT/.test(status)) return "maint";
  return /^DRAIN/.test(status) ? "drain" : "ready";
}

/** @param {Server[]} servers @param {string[]} commands @param {string} means */
function whatItDoes(servers, commands, means) {
  const sessions = servers.reduce((sum, one) => sum + (one.row.scur ?? 0), 0);
  const names = servers.slice(0, 8).map((one) => one.id).join(", ");
  return html`<p><strong>${names}${servers.length > 8 ? ` and ${servers.length - 8} more` : ""}</strong></p>
    <p>${means} ${formatCount(sessions, "session")} ${sessions === 1 ? "is" : "are"} on ${servers.length === 1 ? "it" : "them"} now.</p>
    <p><span class="badge good">at run time</span> HAProxy is not reloaded. It is sent:</p>
    <pre class="commands" tabindex="0" role="region" aria-label="Commands">${commands.join("\n")}${servers.length > MOST_PLANNED ? `\n… and the same for ${servers.length - MOST_PLANNED} more` : ""}</pre>`;
}

/** Do something to each server in order; stops at the first that fails. @param {Server[]} servers @param {(server: Server) => Promise<any>} send */
async function forEach(servers, send) {
  let count = 0;
  try {
    for (const server of servers) {
      await send(server);
      count += 1;
    }
  } catch (error) {
    announceError(new Error(`${count} of ${servers.length} were changed, then ${servers[count].id}: ${/** @type {Error} */ (error).message}`));
  }
  return count;
}

/** @param {Server} server @param {string} state @param {boolean} [dryRun] */
const setState = (server, state, dryRun) =>
  change("PUT", runtimePath(server), { json: { admin_state: state }, query: { dry_run: dryRun || undefined } });

/** @param {Server[]} servers @param {string} state */
async function plannedCommands(servers, state) {
  const plans = await Promise.all(servers.slice(0, MOST_PLANNED).map((one) => setState(one, state, true)));
  return plans.flatMap((plan) => plan.delivery?.commands ?? []);
}

/**
 * Ask, set an administrative state at run time, and offer to undo it. Returns whether it was done.
 *
 * @param {Action} action
 * @param {Server[]} servers
 * @returns {Promise<boolean>}
 */
export async function act(action, servers) {
  try {
    const commands = await plannedCommands(servers, action.state);
    const body = whatItDoes(servers, commands, action.means);
    if ((await confirmFirst({ title: `${action.title}: ${formatCount(servers.length, "server")}`, body, action: action.title })) === null) return false;
  } catch (error) {
    announceError(error);
    return false;
  }
  const count = await forEach(servers, (server) => setState(server, action.state));
  if (count < servers.length) return false;
  const undo = () => forEach(servers, (server) => setState(server, stateOf(server.row.status)))
    .then(() => announce(`${formatCount(servers.length, "server")} are as before.`, { tone: "good" }));
  announce(`${formatCount(count, "server")} ${count === 1 ? action.done.replace(/^are/, "is") : action.done}.`, { tone: "good", undo });
  return true;
}

/** A weight as somebody types it: a number, or a share of the backend's traffic. @param {string} text @param {Server} server @param {Server[]} all */
function weightOf(text, server, all) {
  const others = all.filter((one) => one.backend === server.backend && one.id !== server.id);
  return typedWeight(text, others.map((one) => one.row.weight ?? 1));
}

/** @param {Server} server @param {number} weight @param {string} [reason] @param {boolean} [dryRun] */
async function setWeight(server, weight, reason, dryRun) {
  const path = configurationPath(server);
  const before = await get(path);
  const query = { version: version.get(), dry_run: dryRun || undefined };
  const answer = await change("PUT", path, { json: { ...before, weight }, query, reason });
  if (!dryRun) await refreshVersion();
  return { before: before.weight, answer };
}

/**
 * Ask for a weight and write it into the configuration, which HAProxy gets at run time. Returns whether it was done.
 *
 * @param {Server[]} servers
 * @param {Server[]} all The servers among which a share is meant.
 * @returns {Promise<boolean>}
 */
export async function changeWeight(servers, all) {
  const body = html`<p>The weight of ${servers.map((one) => one.id).join(", ")}, from 0 to 256, or the share of the traffic that one of them gets, such as 10%. It is written into the configuration, and HAProxy gets it at run time, without a reload.</p>`;
  const text = await confirmFirst({ title: "Weight", body, action: "Show what it does", ask: "Weight" });
  if (text === null || text === "") return false;
  const weight = weightOf(text, servers[0], all);
  try {
    const { answer } = await setWeight(servers[0], weight, undefined, true);
    if (answer.verdict === "refused") throw new Error(answer.refusal);
    const commands = answer.delivery?.commands ?? [];
    const how = answer.delivery?.by === "reload" ? html`<p><span class="badge busy">reload</span> ${answer.delivery.reasons.join("; ")}</p>` : whatItDoes(servers, commands, `Their weight becomes ${weight}.`);
    if ((await confirmFirst({ title: `Weight ${weight}`, body: how, action: "Set the weight" })) === null) return false;
  } catch (error) {
    announceError(error);
    return false;
  }
  /** @type {Map<string, number | undefined>} */
  const before = new Map();
  const count = await forEach(servers, async (server) => before.set(server.id, (await setWeight(server, weight)).before));
  if (count < servers.length) return false;
  const undo = () => forEach(servers, (server) => setWeight(server, before.get(server.id) ?? 1))
    .then(() => announce("The weights are as before.", { tone: "good" }));
  announce(`${formatCount(count, "server")} now ${count === 1 ? "has" : "have"} the weight ${weight}.`, { tone: "good", undo });
  return true;
}
