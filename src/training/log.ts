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
}

/** One update: its number, the loss in bits per answer, and answers per sequence. */
export interface Noted {
  readonly update: number;
  readonly bits: number;
  readonly answers: number;
  readonly seconds: number;
}

/** A new ledger, for a training of so many updates of so many sequences each. */
export function openLedger(updates: number, batch: number): Ledger {
  const rows: LogRow[] = [];
  let recent = Number.NaN;
  let [perAnswer, perSequence, count] = [0, 0, 0];
  return {
    rows,
    get bitsPerAnswer() {
      return recent;
    },
    note({ update, bits, answers, seconds }) {
      recent = Number.isNaN(recent) ? bits : 0.95 * recent + 0.05 * bits;
      perAnswer += bits;
      perSequence += bits * answers;
      count++;
      if (update % logInterval !== 0 && update !== updates) return;
      const means = { bitsPerAnswer: perAnswer / count, bitsPerSequence: perSequence / count };
      rows.push({ update, sequences: update * batch, ...means, seconds });
      [perAnswer, perSequence, count] = [0, 0, 0];
    },
  };
}

const columns = ["update", "sequences", "bitsPerAnswer", "bitsPerSequence", "seconds"] as const;

/** A training log as CSV with a header line. */
export function logToCsv(log: readonly LogRow[]): string {
  const rows = log.map((row) => columns.map((column) => Number(row[column].toPrecision(7))).join(","));
  return `${[columns.join(","), ...rows].join("\n")}\n`;
}

/**
 * Read a training log back.
 *
 * @throws naming the line that has another form than logToCsv writes.
 */
export function logFromCsv(text: string): readonly LogRow[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== columns.join(",")) {
    throw new Error(
      `A training log begins with the line "${columns.join(",")}"; it begins with ${quoted(header ?? "")}.`,
    );
  }
  return lines.map((line, index) => {
    const fields = line.split(",");
    if (fields.length !== columns.length || !fields.every((field) => /^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(field))) {
      const given = `Line ${index + 2} of the training log is ${quoted(line)}`;
      throw new Error(`${given}; ${columns.length} numbers with commas between them were expected.`);
    }
    const values = fields.map(Number);
    return Object.fromEntries(columns.map((column, i) => [column, values[i]])) as unknown as LogRow;
  });
}
