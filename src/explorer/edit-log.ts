import { type Edit, isParameterEdit } from "../model/edits.js";

/** The edits of an experiment, and those that undo and redo go through. */
export interface EditLog {
  readonly edits: readonly Edit[];
  /** Earlier lists, the last one first to come back. */
  readonly past: readonly (readonly Edit[])[];
  /** Lists that were undone, the last one first to come back. */
  readonly future: readonly (readonly Edit[])[];
}

export type EditAction =
  /** What `continues` the action before is undone with it: a drag of the brush is one stroke. */
  | { readonly type: "add"; readonly edits: readonly Edit[]; readonly continues?: boolean }
  | { readonly type: "remove"; readonly index: number }
  | { readonly type: "replace"; readonly edits: readonly Edit[] }
  | { readonly type: "undo" }
  | { readonly type: "redo" };

export const noEdits: EditLog = { edits: [], past: [], future: [] };

const remembered = 200;

/** The log after an action. What changes nothing leaves the log itself. */
export function afterEdit(log: EditLog, action: EditAction): EditLog {
  const { edits, past, future } = log;
  switch (action.type) {
    case "undo": {
      const [before] = past.slice(-1);
      return before ? { edits: before, past: past.slice(0, -1), future: [...future, edits] } : log;
    }
    case "redo": {
      const [after] = future.slice(-1);
      return after ? { edits: after, past: [...past, edits], future: future.slice(0, -1) } : log;
    }
    case "add": {
      if (action.edits.length === 0) return log;
      const next = action.edits.reduce(withEdit, edits);
      return action.continues ? { edits: next, past, future: [] } : changed(log, next);
    }
    case "remove":
      return edits[action.index]
        ? changed(
            log,
            edits.filter((_, index) => index !== action.index),
          )
        : log;
    case "replace":
      return changed(log, action.edits);
  }
}

function changed({ edits, past }: EditLog, next: readonly Edit[]): EditLog {
  return { edits: next, past: [...past, edits].slice(-remembered), future: [] };
}

/** A value that is set makes everything that was done to the very same place before it vain, if it was done there alone. */
function withEdit(edits: readonly Edit[], one: Edit): readonly Edit[] {
  if (one.operation !== "set") return [...edits, one];
  return [...edits.filter((before) => placeOf(before) !== placeOf(one) || "renormalise" in before), one];
}

/** Where an edit happens, as text to compare. */
function placeOf(one: Edit): string {
  const index = Object.entries(one.index ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(isParameterEdit(one) ? ["parameter", one.parameter, index] : [one.site, one.step, index]);
}
