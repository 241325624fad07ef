import { useCallback, useEffect, useState } from "preact/hooks";
import type { Sources } from "./sources.js";
import type { OpenedHistory } from "./use-history.js";

/** What the page shows: one plain object that a link can hold. */
export interface View {
  readonly mode: "history" | "inference" | "experiment";
  /** The recorded moment; −1 is the newest epoch, and the first batch or token of it. */
  readonly epoch: number;
  readonly batch: number;
  readonly token: number;
  /** Which of the sequences that were kept of a batch. */
  readonly sequence: number;
  readonly tab: "memory" | "attention" | "parameters";
  /** The site whose details are shown; "" is the one that the tab shows. */
  readonly site: string;
  readonly layer: number;
  readonly head: number;
  /** −1 is none. */
  readonly slot: number;
  /** Beginning of the names of the parameters shown, such as "layers.0"; "" is all. */
  readonly parameter: string;
  /** Name of a checkpoint; "" is none chosen. */
  readonly checkpoint: string;
  /** What was typed for the machine, as its task writes it. */
  readonly input: string;
  /** What the experiment is about to edit, as JSON; "" is the memory. */
  readonly target: string;
  /** The edits of the experiment with this checkpoint, as JSON; "" for none. */
  readonly edits: string;
}

export const firstView: View = {
  mode: "history",
  epoch: -1,
  batch: -1,
  token: -1,
  sequence: 0,
  tab: "memory",
  site: "",
  layer: 0,
  head: 0,
  slot: -1,
  parameter: "",
  checkpoint: "",
  input: "",
  target: "",
  edits: "",
};

const choices: Readonly<Record<string, readonly string[]>> = {
  mode: ["history", "inference", "experiment"],
  tab: ["memory", "attention", "parameters"],
};

/** A view as the part of an address after "#": only what differs from the first view. */
export function hashFromView(view: View): string {
  const changed = Object.entries(view).filter(([name, value]) => value !== firstView[name as keyof View]);
  return new URLSearchParams(changed.map(([name, value]) => [name, String(value)])).toString();
}

/** The view that an address holds; what is unknown in it, or no value of its kind, is passed over. */
export function viewFromHash(hash: string): View {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const known = Object.entries(firstView).flatMap(([name, first]): [string, string | number][] => {
    const text = given.get(name);
    if (text === null || (choices[name] && !choices[name].includes(text))) return [];
    if (typeof first === "string") return [[name, text]];
    return /^-?\d{1,15}$/.test(text) ? [[name, Math.max(-1, Number(text))]] : [];
  });
  return { ...firstView, ...Object.fromEntries(known) };
}

/**
 * A mode that has something to show: the one that is wanted, unless it lacks what it shows and another does not. Without
 * anything, inference at least takes the reader's own files.
 */
export function modeFor(wanted: View["mode"], { history, checkpoints }: Sources): View["mode"] {
  if (wanted === "history") return history ? "history" : "inference";
  return history && checkpoints.length === 0 ? "history" : wanted;
}

/** What the pointer or the keyboard is at in one figure, and is marked in all others. */
export interface Highlight {
  readonly slot?: number;
  readonly token?: number;
  readonly head?: number;
}

/** What every mode of the page is given. */
export interface ModeProps {
  readonly sources: Sources;
  /** The history, which all modes share. */
  readonly opened: OpenedHistory;
  readonly view: View;
  readonly setView: (change: Partial<View>) => void;
  readonly highlight: Highlight;
  readonly setHighlight: (highlight: Highlight) => void;
  /** Whether this mode is the one that is seen; keys and clocks of another rest. */
  readonly active: boolean;
}

/** The view of a page, at first in a mode that has something to show. */
export function useView(sources: Sources): [View, (change: Partial<View>) => void] {
  // A served page is alone in its document, so the address bar is its own.
  const inAddress = sources.live;
  const asked = (): View => {
    const view = inAddress ? viewFromHash(location.hash) : firstView;
    return { ...view, mode: modeFor(view.mode, sources) };
  };
  const [view, replace] = useState(asked);
  const setView = useCallback((change: Partial<View>) => replace((before) => ({ ...before, ...change })), []);
  useEffect(() => {
    if (!inAddress) return;
    const follow = (): void => replace(asked());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [sources]);
  useEffect(() => {
    if (!inAddress || hashFromView(viewFromHash(location.hash)) === hashFromView(view)) return;
    // Browsers allow about 200 changes of the address in 10 s: while tokens run, it is written when they rest.
    const rest = setTimeout(() => history.replaceState(null, "", `#${hashFromView(view)}`), 200);
    return () => clearTimeout(rest);
  }, [inAddress, view]);
  return [view, setView];
}
