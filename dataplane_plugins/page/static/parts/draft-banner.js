// The change that is being made: how many edits it has, and the review in which it ends.

import { useState } from "preact/hooks";

import { OWN, change } from "../app/api.js";
import { closeDraft, discardDraft, draft } from "../app/draft.js";
import { formatCount } from "../app/format.js";
import { html } from "../app/html.js";
import { session } from "../app/session.js";
import { useStore } from "../app/store.js";
import { useData } from "../app/use-data.js";
import { announce } from "./announce.js";
import { CommitForm } from "./commit.js";
import { Dialog } from "./dialog.js";
import { Elsewhere } from "./elsewhere.js";
import { LoadState } from "./load-state.js";
import { Plan } from "./plan.js";

/** @param {{ id: string, onClose: () => void }} props */
function Review({ id, onClose }) {
  const plan = useData(() => change("POST", `${OWN}/plan`, { json: { transaction: id }, query: { rebase: true } }), [id]);
  const done = () => {
    onClose();
    closeDraft();
  };
  return html`<${Dialog} title="What your change does" wide=${true} onClose=${onClose}>
    <${LoadState} of=${plan} what="What it would do">
      <${Plan} plan=${plan.data} />
      ${plan.data?.verdict === "accepted" && html`<${Elsewhere} ready=${{ transaction: id }} />
        <${CommitForm} ready=${{ transaction: id }} onDone=${done} />`}
    </${LoadState}>
  </${Dialog}>`;
}

export function DraftBanner() {
  const now = useStore(draft);
  const who = useStore(session);
  const [reviews, setReviews] = useState(false);
  if (!now?.edits.length || !who?.mayChange) return null;
  const discard = async () => {
    await discardDraft();
    announce("Your change was discarded.");
  };
  return html`<section class="banner" aria-label="Your change">
    <span>Your change, not in force yet: ${now.edits.length < 4 ? now.edits.join("; ") : formatCount(now.edits.length, "edit")}.</span>
    <span class="actions"><button class="main" onClick=${() => setReviews(true)}>Review …</button>
      <button onClick=${discard}>Discard</button></span>
    ${reviews && html`<${Review} id=${now.id} onClose=${() => setReviews(false)} />`}
  </section>`;
}
