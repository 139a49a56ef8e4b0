// A place to drop a file on; a button chooses one for those who do not drag.

import { useRef, useState } from "preact/hooks";

import { html } from "../app/html.js";

let count = 0;

/** @param {{ label: string, accept?: string, onFile: (file: File) => void }} props */
export function DropFile({ label, accept, onFile }) {
  const [over, setOver] = useState(false);
  const [id] = useState(() => `file-${(count += 1)}`);
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const take = (/** @type {FileList | null | undefined} */ files) => {
    setOver(false);
    if (files?.length) onFile(files[0]);
    if (input.current) input.current.value = "";
  };
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    take(event.dataTransfer?.files);
  };
  const drag = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    setOver(true);
  };
  return html`<div class=${`drop ${over ? "over" : ""}`} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <label for=${id}>${label}, or choose one:</label>
    <input id=${id} type="file" accept=${accept} ref=${input} onChange=${() => take(input.current?.files)} />
  </div>`;
}
