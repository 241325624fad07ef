import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Edit } from "../model/edits.js";
import { editsForAddress, editsFromAddress } from "./edit-address.js";
import { afterEdit, type EditAction, type EditLog, noEdits } from "./edit-log.js";
import { messageOf } from "./message.js";
import type { ModeProps } from "./view.js";

/** The edits of an experiment, and how they stand to the address. */
export interface ExperimentEdits {
  readonly log: EditLog;
  readonly act: (action: EditAction) => void;
  /** Why the edits of an address were left out; "" if they were not. */
  readonly problem: string;
  /** Whether they are too long for an address, which then holds none. */
  readonly tooLong: boolean;
}

/**
 * The edits of an experiment; the view holds them too, so that a link reopens them.
 *
 * @param machine name of the checkpoint; a view of another one holds edits that are none of ours
 * @param check throws if the machine could not carry edits out
 */
export function useEdits(
  { view, setView }: Pick<ModeProps, "view" | "setView">,
  machine: string,
  check: (edits: readonly Edit[]) => void,
): ExperimentEdits {
  const isOurs = view.checkpoint === "" || view.checkpoint === machine;
  const known = useRef(""); // what of the view's edits this experiment has taken, or given to it
  const [log, act] = useReducer(afterEdit, noEdits);
  const [problem, setProblem] = useState("");
  const text = editsForAddress(log.edits);
  useEffect(() => {
    if (!isOurs || view.edits === known.current) return;
    known.current = view.edits;
    try {
      const edits = editsFromAddress(view.edits);
      check(edits);
      act({ type: "replace", edits });
      setProblem("");
    } catch (error) {
      setProblem(`The edits in the address were left out. ${messageOf(error)}`);
    }
  }, [view.edits, isOurs]);
  const written = useRef(log.edits);
  useEffect(() => {
    if (log.edits === written.current) return;
    written.current = log.edits;
    const now = text ?? "";
    if (!isOurs || now === known.current) return;
    known.current = now;
    setView({ edits: now });
  }, [log.edits, isOurs]);
  return { log, act, problem, tooLong: text === undefined };
}
