import { type NamedArray, select } from "../tensors/named-array.js";
import type { History } from "../tracker/history.js";
import type { HistoryReader } from "./history-reader.js";
import { type TokenName, tokenNames } from "./history-tokens.js";

/** What is shown of one recorded batch: all of it of one moment, also while another is on its way. */
export interface RecordedSequence {
  readonly epoch: number;
  readonly batch: number;
  /** The recorded tokens. */
  readonly numbers: readonly number[];
  /** By site, [step, batch, ...site]. */
  readonly series: Readonly<Record<string, NamedArray>>;
}

/** Read the series of some sites of a batch, and of those that name its tokens. */
export async function readSequence(
  history: History,
  reader: HistoryReader,
  moment: { readonly epoch: number; readonly batch: number; readonly tokens: readonly number[] },
  sites: readonly string[],
): Promise<RecordedSequence> {
  const { epoch, batch, tokens: numbers } = moment;
  const recorded = history.sites.filter(({ kind }) => kind === "state").map(({ name }) => name);
  const naming = ["input", "logits"].filter((site) => recorded.includes(site) && !sites.includes(site));
  const all = await Promise.all([
    ...sites.map(async (site) => [[site, await reader.series(epoch, batch, site)] as const]),
    // A batch that lacks them has tokens without names.
    ...naming.map((site) =>
      reader.series(epoch, batch, site).then(
        (series) => [[site, series] as const],
        () => [],
      ),
    ),
  ]);
  return { epoch, batch, numbers, series: Object.fromEntries(all.flat()) };
}

/** How many sequences of the batch were kept. */
export function sequencesOf({ series }: RecordedSequence): number {
  return Math.max(0, ...Object.values(series).map(({ shape }) => shape[1] as number));
}

/** The names of the tokens of one of its sequences. */
export function namesOf({ numbers, series }: RecordedSequence, sequence: number): readonly TokenName[] {
  return tokenNames(numbers, sequence, series.input, series.logits);
}

/** A site's series of one sequence, [step, ...site]. */
export function seriesOf(recorded: RecordedSequence, site: string, sequence: number): NamedArray | undefined {
  const all = recorded.series[site];
  return all && select(all, { batch: Math.min(sequence, (all.shape[1] as number) - 1) });
}
