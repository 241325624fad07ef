import { deflateRawSync } from "node:zlib";
import { type ExcerptPiece, excerptOf, readPiece } from "../tracker/excerpt.js";
import type { History } from "../tracker/history.js";
import type { StateRow } from "../tracker/state-row.js";
import { storeValues } from "../tracker/stored-values.js";

/** Files as text, as a notebook keeps them. */
export interface Packed {
  readonly files: Readonly<Record<string, string>>;
  /** Characters of the texts. */
  readonly bytes: number;
}

/** Deflated, then base64. */
export function packed(content: Uint8Array): string {
  return deflateRawSync(content, { level: 9 }).toString("base64");
}

/** A part of a history that fits into so many bytes, and what it is. */
export interface Excerpt extends Packed {
  readonly pieces: readonly ExcerptPiece[];
}

/** So many pieces in a row that do not fit, and the room is taken to be full. */
const mostMisses = 4;

/**
 * The part of a history that a notebook has room for.
 *
 * Half of the room is for states: one batch of an epoch, of epochs spread evenly, the last first. Then come parameters and
 * gradients of the last epoch, then more of both, and last what other batches there are.
 *
 * @returns no pieces if not even one fits
 */
export async function excerptWithin(history: History, room: number): Promise<Excerpt> {
  const taken: { piece: ExcerptPiece; rows: StateRow[]; bytes: number }[] = [];
  const empty = await pack(history, []); // what the metrics and the names of the sites take in any case
  const used = (): number => taken.reduce((sum, { bytes }) => sum + bytes, empty.bytes);
  let misses = 0;
  for (const piece of inOrder(history, () => used() < room / 2)) {
    const rows = await readPiece(history, piece);
    if (rows.length === 0) continue;
    const bytes = forecast(history, rows);
    if (used() + bytes <= room) taken.push({ piece, rows, bytes });
    misses = taken.at(-1)?.piece === piece ? 0 : misses + 1;
    if (misses === mostMisses) break;
  }
  for (;;) {
    const pieces = taken.map(({ piece }) => piece);
    const excerpt = await pack(
      history,
      taken.flatMap(({ rows }) => rows),
    );
    if (excerpt.bytes <= room || taken.length === 0) return { ...excerpt, pieces };
    taken.pop(); // the forecast was too low
  }
}

/** All that was recorded in some epochs. */
export async function excerptOfEpochs(history: History, epochs: readonly number[]): Promise<Excerpt> {
  const known = history.getAvailableEpochs();
  const unknown = epochs.find((epoch) => !known.includes(epoch));
  if (unknown !== undefined || epochs.length === 0) {
    throw new Error(`epochs takes some of ${known.join(", ")}; ${unknown ?? "none"} was given.`);
  }
  const pieces = [...new Set(epochs)].flatMap((epoch) =>
    history.getAvailableBatches(epoch).flatMap((batch) => kinds.map((kind) => ({ epoch, batch, kind }))),
  );
  const rows: StateRow[] = [];
  for (const piece of pieces) rows.push(...(await readPiece(history, piece)));
  return { ...(await pack(history, rows)), pieces };
}

const kinds = ["state", "parameter", "gradient"] as const;

/** Pieces, the most telling first. @param early whether there is still much room */
function* inOrder(history: History, early: () => boolean): Generator<ExcerptPiece> {
  const epochs = spread(history.getAvailableEpochs());
  const batches = (epoch: number): number[] => history.getAvailableBatches(epoch);
  const first = epochs.map((epoch) => ({ epoch, batch: batches(epoch)[0] as number }));
  const states = first.map((moment): ExcerptPiece => ({ ...moment, kind: "state" }));
  const values = first.flatMap((moment): ExcerptPiece[] => [
    { ...moment, kind: "parameter" },
    { ...moment, kind: "gradient" },
  ]);
  let next = 0;
  while (next < states.length && early()) yield states[next++] as ExcerptPiece;
  yield* values.slice(0, 2);
  yield* states.slice(next);
  yield* values.slice(2);
  for (const epoch of epochs) {
    for (const batch of batches(epoch).slice(1)) for (const kind of kinds) yield { epoch, batch, kind };
  }
}

/** The last, the first, and then always the one in the middle of the widest gap. */
export function spread(numbers: readonly number[]): number[] {
  const left = new Set(numbers.keys());
  const order: number[] = [];
  const take = (index: number): void => {
    if (left.delete(index)) order.push(index);
  };
  take(numbers.length - 1);
  take(0);
  for (let gaps: [number, number][] = [[0, numbers.length - 1]]; left.size > 0; ) {
    gaps = gaps.flatMap(([from, to]): [number, number][] => {
      const middle = (from + to) >> 1;
      take(middle);
      return to - from > 1
        ? [
            [from, middle],
            [middle, to],
          ]
        : [];
    });
  }
  return order.map((index) => numbers[index] as number);
}

/** About what rows take in a notebook: their values, and 40 bytes for a row's numbers and its place. */
function forecast({ settings }: History, rows: readonly StateRow[]): number {
  const stored = rows.map(({ data }) => storeValues(data, settings.dtype, minimum(data), maximum(data)).bytes);
  const whole = Buffer.concat(stored);
  return Math.ceil((4 / 3) * (deflateRawSync(whole).length + 40 * rows.length));
}

function minimum(data: Float32Array): number {
  return data.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

function maximum(data: Float32Array): number {
  return data.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

async function pack(history: History, rows: readonly StateRow[]): Promise<Packed> {
  const files = [...(await excerptOf(history, rows))].map(([name, content]) => [name, packed(content)] as const);
  return { files: Object.fromEntries(files), bytes: files.reduce((sum, [, text]) => sum + text.length, 0) };
}
