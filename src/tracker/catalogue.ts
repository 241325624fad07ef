import type { Part } from "./manifest.js";
import { stretches } from "./part-cover.js";
import type { RowKey } from "./state-row.js";

/** What was recorded when, as the manifest tells it. */
export interface Catalogue {
  epochs(): number[];
  batches(epoch: number): number[];
  tokens(epoch: number, batch: number): number[];
  /** The error for a row that is not there. */
  missing(key: RowKey): Error;
}

export function openCatalogue(parts: readonly Part[]): Catalogue {
  const covers = parts.flatMap(({ batches }) => batches);
  const epochs = (): number[] => rising(covers.map(({ epoch }) => epoch));
  const batches = (epoch: number): number[] =>
    rising(covers.filter((one) => one.epoch === epoch).map(({ batch }) => batch));
  const tokens = (epoch: number, batch: number): number[] =>
    rising(
      covers
        .filter((one) => one.epoch === epoch && one.batch === batch)
        .flatMap(({ steps }) =>
          steps.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)),
        ),
    );
  const missing = ({ epoch, batch, step, kind, site }: RowKey): Error => {
    const at = `epoch ${epoch}, batch ${batch}`;
    if (!epochs().includes(epoch)) return new Error(`Epoch ${epoch} was not recorded; epochs are ${listed(epochs())}.`);
    if (!batches(epoch).includes(batch)) {
      return new Error(`Batch ${batch} of epoch ${epoch} was not recorded; batches are ${listed(batches(epoch))}.`);
    }
    if (step !== null && !tokens(epoch, batch).includes(step)) {
      return new Error(`Token ${step} of ${at} was not recorded; tokens are ${listed(tokens(epoch, batch))}.`);
    }
    return new Error(`The ${kind} "${site}" was not recorded at ${at}${step === null ? "" : `, token ${step}`}.`);
  };
  return { epochs, batches, tokens, missing };
}

function rising(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** Whole numbers in a message: stretches, at most eight of them. */
function listed(numbers: readonly number[]): string {
  const texts = stretches(numbers).map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  if (texts.length === 0) return "none";
  return texts.length > 8 ? `${texts.slice(0, 7).join(", ")}, … ${texts.at(-1)}` : texts.join(", ");
}
