import type { History } from "./history.js";
import { openHistoryWriter } from "./history-writer.js";
import { memoryStorage } from "./memory-storage.js";
import type { RecordedSite, StateRow } from "./state-row.js";

/** What an excerpt takes or leaves as one: all that was recorded of one kind of one batch. */
export interface ExcerptPiece {
  readonly epoch: number;
  readonly batch: number;
  readonly kind: RecordedSite["kind"];
}

/** Read the rows of a piece with their values; none if it was not recorded. */
export async function readPiece(history: History, { epoch, batch, kind }: ExcerptPiece): Promise<StateRow[]> {
  const rows = new Map<string, StateRow>(); // of two rows of one place, a reader finds the later
  for (const { step, site } of await history.getRows({ epoch, batch, kind })) {
    const key = `${step} ${site}`;
    if (rows.has(key)) continue;
    const value = await (kind === "parameter"
      ? history.getParameter(epoch, batch, site)
      : kind === "gradient"
        ? history.getGradient(epoch, batch, site)
        : history.getState(epoch, batch, step as number, site));
    rows.set(key, { epoch, batch, step, kind, site, shape: value.shape, data: value.data });
  }
  return [...rows.values()];
}

/**
 * Some rows of a history as a history of its own, written into memory: with the metrics of all epochs, each as its mean.
 *
 * @returns the contents of its files by name
 */
export async function excerptOf(history: History, rows: readonly StateRow[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const { model, settings } = history;
  const kept = new Set(rows.map(({ kind, site }) => `${kind} ${site}`));
  const sites = history.sites.filter(({ kind, name }) => kept.has(`${kind} ${name}`));
  const writer = await openHistoryWriter(memoryStorage(files), { model, sites, settings });
  const metrics = history.metrics.flatMap(({ epoch, means }) =>
    Object.entries(means).map(([site, mean]): StateRow => {
      return { epoch, batch: 0, step: null, kind: "metric", site, shape: [], data: Float32Array.of(mean) };
    }),
  );
  const ordered = [...metrics, ...rows].sort((a, b) => a.epoch - b.epoch || a.batch - b.batch);
  for (const row of ordered) writer.append(row);
  await writer.flush();
  // A writer leaves its last two manifests, and the newest under a second name.
  const [newest] = [...files.keys()]
    .filter((name) => /^_manifest-\d+\.json$/.test(name))
    .sort()
    .reverse();
  return new Map([...files].filter(([name]) => !name.endsWith(".json") || name === newest));
}
