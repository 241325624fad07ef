import { quoted } from "../tensors/quoted.js";

/** One row of the training log: means since the row before. */
export interface LogRow {
  readonly update: number;
  /** Sequences seen so far. */
  readonly sequences: number;
  /** Cross-entropy in bits (log₂): per bit (or answer), and of a whole sequence. */
  readonly bitsPerAnswer: number;
  readonly bitsPerSequence: number;
  readonly seconds: number;
  /** Share of the sequences that were wholly right before they were learnt from. */
  readonly right: number;
}

/** Updates between two rows of the log. */
export const logInterval = 50;

/** The log of a running training. */
export interface Ledger {
  readonly rows: readonly LogRow[];
  /** Bits per answer, a moving mean over the last updates. */
  readonly bitsPerAnswer: number;
  /** Note one update. */
  note(update: Noted): void;
  /** Make a row of the updates since the last one. */
  close(): void;
  /** What a new ledger goes on from: the rows, the updates since the last one, and the moving mean. */
  readonly state: LedgerState;
}

export interface LedgerState {
  readonly rows: readonly LogRow[];
  readonly open: readonly Noted[];
  readonly recent: number | null;
}

/** One update: its number, the loss in bits per answer, answers per sequence, and the share of sequences wholly right. */
export interface Noted {
  readonly update: number;
  readonly bits: number;
  readonly answers: number;
  readonly seconds: number;
  readonly right: number;
}

/** A ledger for a training of so many sequences an update, new or going on from another's state. */
export function openLedger(batch: number, from: LedgerState = { rows: [], open: [], recent: null }): Ledger {
  const rows: LogRow[] = [...from.rows];
  let recent = from.recent ?? Number.NaN;
  let open: Noted[] = [...from.open];
  const mean = (value: (noted: Noted) => number): number =>
    open.reduce((sum, noted) => sum + value(noted), 0) / open.length;
  const close = (): void => {
    const last = open.at(-1);
    if (!last) return;
    const means = { bitsPerAnswer: mean(({ bits }) => bits), bitsPerSequence: mean((one) => one.bits * one.answers) };
    const right = mean((one) => one.right);
    rows.push({ update: last.update, sequences: last.update * batch, ...means, seconds: last.seconds, right });
    open = [];
  };
  return {
    rows,
    get bitsPerAnswer() {
      return recent;
    },
    note(noted) {
      recent = Number.isNaN(recent) ? noted.bits : 0.95 * recent + 0.05 * noted.bits;
      open.push(noted);
      if (noted.update % logInterval === 0) close();
    },
    close,
    get state() {
      return { rows: [...rows], open: [...open], recent: Number.isNaN(recent) ? null : recent };
    },
  };
}

const columns = ["update", "sequences", "bitsPerAnswer", "bitsPerSequence", "seconds", "right"] as const;

/** A training log as CSV with a header line. */
export function logToCsv(log: readonly LogRow[]): string {
  const rows = log.map((row) => columns.map((column) => rounded(row[column])).join(","));
  return `${[columns.join(","), ...rows].join("\n")}\n`;
}

function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(7));
}

/**
 * Read a training log back. Where it has no column "right", as the first logs had none, `right` is NaN.
 *
 * @throws naming the line that has another form than logToCsv writes.
 */
export function logFromCsv(text: string): readonly LogRow[] {
  const [header, ...lines] = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const present = header === columns.slice(0, -1).join(",") ? columns.slice(0, -1) : columns;
  if (header !== present.join(",")) {
    throw new Error(
      `A training log begins with the line "${columns.join(",")}"; it begins with ${quoted(header ?? "")}.`,
    );
  }
  let before = 0;
  return lines.map((line, index) => {
    const fields = line.split(",");
    const [update = 0, sequences = 0] = fields.map(Number);
    const counts = [update, sequences].every(Number.isSafeInteger) && update > before && sequences > 0;
    const numbers = fields.every((field) => /^\d+(\.\d+)?(e[+-]\d+)?$/.test(field) && Number.isFinite(Number(field)));
    before = update;
    if (fields.length !== present.length || !numbers || !counts) {
      const given = `Line ${index + 2} of the training log is ${quoted(line)}`;
      throw new Error(
        `${given}; ${present.length} numbers from 0 with commas between them, updates ascending, were expected.`,
      );
    }
    const values = fields.map(Number);
    return Object.fromEntries(columns.map((column, i) => [column, values[i] ?? Number.NaN])) as unknown as LogRow;
  });
}
