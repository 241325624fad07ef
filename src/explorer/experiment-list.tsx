import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { editsFromJson, editsToJson } from "../model/edit-file.js";
import type { Edit } from "../model/edits.js";
import { Button } from "./controls.js";
import { callOf } from "./edit-code.js";
import type { EditAction, EditLog } from "./edit-log.js";
import { messageOf, Problem } from "./message.js";

const mostListed = 60; // a brush leaves hundreds

/** The edits of an experiment in their order; undo, redo, save, load, and the notebook's code. */
export function EditList(props: {
  readonly log: EditLog;
  readonly act: (action: EditAction) => void;
  readonly code: string;
  /** The machine's `modelKey`, with which edits are saved: another model then refuses them. */
  readonly model: string;
  /** @throws if the run could not carry the edits out */
  readonly check: (edits: readonly Edit[]) => void;
  /** Whether the address has no room for them. */
  readonly tooLong: boolean;
}): JSX.Element {
  const { log, act, code, model, check, tooLong } = props;
  const { edits } = log;
  const first = Math.max(0, edits.length - mostListed);
  const [problem, setProblem] = useState("");
  const [copied, setCopied] = useState("");
  const open = async (file: File): Promise<void> => {
    try {
      const loaded = editsFromJson(await file.text());
      check(loaded);
      act({ type: "replace", edits: loaded.map((one) => withoutModel(one, model)) });
      setProblem("");
    } catch (error) {
      setProblem(`${file.name}: ${messageOf(error)}`);
    }
  };
  const copy = (): void => {
    const done = (): void => setCopied("copied");
    const failed = (): void => setCopied("the browser does not allow it; select the code and copy it");
    navigator.clipboard ? navigator.clipboard.writeText(code).then(done, failed) : failed();
  };
  return (
    <section class="ts-panel" aria-label="Edits">
      <div class="ts-row">
        <Button onClick={() => act({ type: "undo" })} disabled={log.past.length === 0}>
          Undo
        </Button>
        <Button onClick={() => act({ type: "redo" })} disabled={log.future.length === 0}>
          Redo
        </Button>
        <Button onClick={() => act({ type: "replace", edits: [] })} disabled={edits.length === 0}>
          Remove all
        </Button>
        <Button
          onClick={() => save(editsToJson(edits.map((one) => ({ ...one, model: one.model ?? model }))))}
          disabled={edits.length === 0}
        >
          Save as JSON
        </Button>
        <label class="ts-button ts-file">
          Load JSON …
          <input
            type="file"
            accept=".json,application/json"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = ""; // so that the same file can be loaded again
              if (file) void open(file);
            }}
          />
        </label>
      </div>
      {problem && <Problem message={problem} />}
      {tooLong && (
        <p class="ts-note">A link to this page leaves these edits out: they are too long. Save them as JSON.</p>
      )}
      {first > 0 && <p class="ts-faint">{`${first} edits before these are not listed here.`}</p>}
      <ol class="ts-edits" start={first + 1}>
        {edits.slice(first).map((one, place) => (
          <li key={`${place} ${edits.length}`}>
            <span>
              <code>{shortened(callOf(one))}</code>
              <Button
                label={`Remove edit ${first + place + 1}`}
                onClick={() => act({ type: "remove", index: first + place })}
              >
                ✕
              </Button>
            </span>
          </li>
        ))}
      </ol>
      {edits.length === 0 && <p class="ts-faint">No edits yet: paint a cell, type a number, or apply an operation.</p>}
      <details class="ts-code">
        <summary>Notebook code</summary>
        <div class="ts-row">
          <Button onClick={copy}>Copy</Button>
          <span role="status">{copied}</span>
        </div>
        <pre>
          <code>{code}</code>
        </pre>
      </details>
    </section>
  );
}

/** An edit of this page's own machine, which goes without saying here. */
function withoutModel({ model, ...edit }: Edit, ours: string): Edit {
  return model === undefined || model === ours ? edit : { ...edit, model };
}

/** An edit in one line: long values end in "…". */
function shortened(text: string): string {
  return text.length > 110 ? `${text.slice(0, 100)} … )` : text;
}

function save(text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "edits.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
