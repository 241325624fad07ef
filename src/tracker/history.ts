import { type NamedArray, namedArray, stack } from "../tensors/named-array.js";
import { didYouMean } from "../tensors/nearest.js";
import { quoted } from "../tensors/quoted.js";
import { openCatalogue } from "./catalogue.js";
import { latestManifest } from "./latest-manifest.js";
import type { HistorySettings, Manifest } from "./manifest.js";
import { type EpochMetrics, epochMetrics } from "./part-cover.js";
import type { RowNumbers } from "./part-reader.js";
import { openParts } from "./parts.js";
import type { RecordedSite, RowFilter, RowKey } from "./state-row.js";
import type { ReadableStorage } from "./storage.js";

/** A recorded training, opened for reading. */
export interface History {
  readonly model: Manifest["model"];
  readonly sites: readonly RecordedSite[];
  readonly settings: HistorySettings;
  /** Rows and bytes of its parts. */
  readonly size: { readonly parts: number; readonly rows: number; readonly bytes: number };
  /** Loss, accuracy and other metrics, means over every epoch. */
  readonly metrics: readonly EpochMetrics[];
  /** What is damaged, in the order it was found; its rows are left out. */
  readonly warnings: readonly string[];
  /** Epochs with recorded batches, rising. */
  getAvailableEpochs(): number[];
  /** Recorded batches of an epoch, rising. */
  getAvailableBatches(epoch: number): number[];
  /** Tokens of a batch whose states were recorded, rising. */
  getAvailableTokens(epoch: number, batch: number): number[];
  /**
   * A state of the model: one site's value at one token.
   *
   * @returns [batch, ...site], the sequences that were kept
   * @throws if it was not recorded, saying what there is.
   */
  getState(epoch: number, batch: number, token: number, site: string): Promise<NamedArray>;
  /** A site's values at all recorded tokens of a batch, [step, batch, ...site]. @throws as getState */
  getSeries(epoch: number, batch: number, site: string): Promise<NamedArray>;
  /** A parameter as the update after a batch left it. @throws if it was not recorded */
  getParameter(epoch: number, batch: number, name: string): Promise<NamedArray>;
  /** The loss's gradient by a parameter at a batch. @throws if it was not recorded */
  getGradient(epoch: number, batch: number, name: string): Promise<NamedArray>;
  /** The numbers about every row that fits (mean, std, min, max, norm, entropy), without its values, as recorded. */
  getRows(filter?: RowFilter): Promise<RowNumbers[]>;
  /** Look for what was saved since. @returns whether there is anything new */
  refresh(): Promise<boolean>;
}

/**
 * Open a history for reading, also while it is written.
 *
 * Only the manifest and the ends of its parts are read; a state is read when it is asked for, without its neighbours.
 *
 * @param options.warn is told of every damaged part; by default the console is
 * @throws if there is no history, it is of an unknown version, or its manifests are all damaged.
 * @example
 * const history = await openHistory(historyFolder("../data/ttm-multiplication-history"));
 * const memory = await history.getState(3, 0, 5, "memory");
 * show(memoryHeatmap(select(memory, { batch: 0 })));
 */
export async function openHistory(
  storage: ReadableStorage,
  options: { readonly warn?: (message: string) => void } = {},
): Promise<History> {
  const warnings: string[] = [];
  const tell = options.warn ?? ((message: string) => console.warn(message));
  const warn = (problem: string): void => {
    const message = `State history ${quoted(storage.name)}: ${problem}`;
    if (warnings.includes(message)) return;
    warnings.push(message);
    tell(message);
  };
  const load = async (): Promise<Manifest> => {
    const latest = await latestManifest(storage);
    if (!latest) throw new Error(`There is no state history in ${quoted(storage.name)}: no manifest is there.`);
    for (const file of latest.damaged) warn(`${file} is damaged; an older manifest is used, without the last savings.`);
    return latest.manifest;
  };
  let manifest = await load();
  const parts = openParts(storage, warn);
  await parts.check(manifest.parts);

  const sound = (): Manifest["parts"] => manifest.parts.filter((part) => !parts.isDamaged(part));
  const catalogue = () => openCatalogue(sound());
  const read = async (key: RowKey): Promise<NamedArray> => {
    const place = siteOf(manifest, key);
    const { epoch, batch } = key;
    const found = await parts.read(
      sound().filter((part) => part.batches.some((one) => one.epoch === epoch && one.batch === batch)),
      key,
    );
    if (!found) throw catalogue().missing(key);
    const axes = key.kind === "state" ? ["batch", ...place.axes] : place.axes;
    return namedArray(key.site, axes, found.shape, found.data);
  };
  const readState = (epoch: number, batch: number, step: number, site: string): Promise<NamedArray> =>
    read({ epoch, batch, step, kind: "state", site });

  return {
    get model() {
      return manifest.model;
    },
    get sites() {
      return manifest.sites;
    },
    get settings() {
      return manifest.settings;
    },
    get size() {
      const sum = (count: "rows" | "bytes"): number => sound().reduce((total, part) => total + part[count], 0);
      return { parts: sound().length, rows: sum("rows"), bytes: sum("bytes") };
    },
    get metrics() {
      return epochMetrics(sound());
    },
    warnings,
    getAvailableEpochs: () => catalogue().epochs(),
    getAvailableBatches: (epoch) => catalogue().batches(epoch),
    getAvailableTokens: (epoch, batch) => catalogue().tokens(epoch, batch),
    getState: readState,
    async getSeries(epoch, batch, site) {
      const tokens = catalogue().tokens(epoch, batch);
      if (tokens.length === 0) throw catalogue().missing({ epoch, batch, step: 0, kind: "state", site });
      return stack(await Promise.all(tokens.map((token) => readState(epoch, batch, token, site))), "step");
    },
    getParameter: (epoch, batch, site) => read({ epoch, batch, step: null, kind: "parameter", site }),
    getGradient: (epoch, batch, site) => read({ epoch, batch, step: null, kind: "gradient", site }),
    getRows: (filter = {}) => parts.rows(sound(), filter),
    async refresh() {
      const newest = await load();
      const { number, writer } = manifest;
      if (newest.number === number && newest.writer.id === writer.id) return false;
      await parts.check(newest.parts);
      manifest = newest;
      return true;
    },
  };
}

function siteOf({ sites }: Manifest, { kind, site }: RowKey): RecordedSite {
  const place = sites.find((one) => one.kind === kind && one.name === site);
  if (place) return place;
  const names = sites.filter((one) => one.kind === kind).map(({ name }) => name);
  const given = `${quoted(site)}${didYouMean(site, names)}`;
  throw new Error(`This history has no ${kind} ${given}; it has ${names.join(", ") || `no ${kind} at all`}.`);
}
