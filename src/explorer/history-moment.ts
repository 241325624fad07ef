import type { History } from "../tracker/history.js";
import type { HistoryReader } from "./history-reader.js";
import type { ModeProps, View } from "./view.js";

/** A recorded moment, and what could be chosen in its place. */
export interface Moment {
  readonly epoch: number;
  readonly batch: number;
  readonly token: number;
  readonly epochs: readonly number[];
  readonly batches: readonly number[];
  /** Of this batch; empty if none of its states were recorded. */
  readonly tokens: readonly number[];
}

/** What the parts of this mode are given. */
export interface MomentProps extends ModeProps {
  readonly history: History;
  readonly reader: HistoryReader;
  readonly version: number;
  readonly moment: Moment;
}

type Recorded = Pick<History, "getAvailableEpochs" | "getAvailableBatches" | "getAvailableTokens">;

/**
 * The recorded moment that a view means: the nearest one, where a link names what is not there. Without an epoch it is the
 * newest.
 *
 * @returns undefined if nothing was recorded yet
 */
export function momentOf(history: Recorded, view: Pick<View, "epoch" | "batch" | "token">): Moment | undefined {
  const epochs = history.getAvailableEpochs();
  if (epochs.length === 0) return undefined;
  const epoch = view.epoch < 0 ? (epochs.at(-1) as number) : nearest(epochs, view.epoch);
  const batches = history.getAvailableBatches(epoch);
  const batch = nearest(batches, view.batch);
  const tokens = history.getAvailableTokens(epoch, batch);
  return { epoch, batch, token: tokens.length > 0 ? nearest(tokens, view.token) : 0, epochs, batches, tokens };
}

/** What is `by` places further along an axis of the moment; at the ends the moment itself. */
export function stepped(moment: Moment, axis: "epoch" | "batch" | "token", by: number): Partial<View> {
  const values = { epoch: moment.epochs, batch: moment.batches, token: moment.tokens }[axis];
  const at = Math.min(values.length - 1, Math.max(0, values.indexOf(moment[axis]) + by));
  return axis === "epoch"
    ? epochChosen(moment, values[at] as number)
    : pinned(moment, { [axis]: values[at] as number });
}

/** The change of a view that goes to another epoch. Batches have other numbers there: the nearest one is shown. */
export function epochChosen({ batch, token }: Moment, epoch: number): Partial<View> {
  return { epoch, batch, token };
}

/** The change of a view that stays in this epoch, also when a newer one comes. */
export function pinned({ epoch, batch, token }: Moment, change: Partial<View>): Partial<View> {
  return { epoch, batch, token, ...change };
}

/** What is nearest to a number in a rising list that has at least one. */
export function nearest(values: readonly number[], wanted: number): number {
  return values.reduce((best, value) => (Math.abs(value - wanted) < Math.abs(best - wanted) ? value : best));
}
