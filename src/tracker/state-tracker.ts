import { type Hook, passOn, unknownSite } from "../model/model.js";
import type { NamedArray } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import { affordableRate, type Forecast, forecastOf } from "./forecast.js";
import { type History, openHistory } from "./history.js";
import { mostBytesOf, openHistoryWriter, partOverhead } from "./history-writer.js";
import { isSampled } from "./sampling.js";
import type { RowPlace } from "./state-row.js";
import {
  type Extent,
  readOptions,
  type TrackerOptions,
  type ValuePlace,
  type Wanted,
  wantedBy,
} from "./tracker-options.js";

/** Records what happens inside a model while it trains. */
export interface StateTracker {
  startEpoch(epoch: number): void;
  /**
   * Begin a batch; waits while more was recorded than is written yet.
   *
   * @returns whether this batch is recorded
   * @throws if the history could not be written.
   */
  startBatch(batch: number): Promise<boolean>;
  /** Begin a token: `hook` records under it. */
  startToken(token: number): void;
  /** Records the sites it sees at the current token, and changes nothing. */
  readonly hook: Hook;
  /** The hook that records under a token; where the batch is not recorded it does nothing. */
  hookAt(token: number): Hook;
  /** Record parameters as the batch's update left them. */
  recordParameters(parameters: Tensors): void;
  recordGradients(gradients: Tensors): void;
  /** What is recorded of a batch, for those who have it without a hook. */
  readonly wanted: Wanted;
  /**
   * Record numbers of the batch under way. They are not copied: leave them as they are.
   *
   * @param places which states [sequence, ...site], parameters and gradients the numbers are, and where each begins
   */
  recordValues(places: readonly ValuePlace[], data: Float32Array): void;
  /** Record numbers of a batch, also of one whose states are not recorded: for example its loss and accuracy. */
  recordMetrics(metrics: Readonly<Record<string, number>>): void;
  /** Write all that was recorded. When this returns it is safe, whatever happens. @throws if it could not be written */
  saveStateHistory(): Promise<void>;
  /** What a training of this extent will take. The sampling rate may have been lowered to keep the byte budget. */
  forecast(run: Extent): Forecast;
  readonly samplingRate: number;
  /** What was saved so far; see History. */
  getState(epoch: number, batch: number, token: number, site: string): Promise<NamedArray>;
  getAvailableEpochs(): Promise<number[]>;
  getAvailableBatches(epoch: number): Promise<number[]>;
  getAvailableTokens(epoch: number, batch: number): Promise<number[]>;
}

/**
 * Begin to record a training.
 *
 * @throws before anything is written if an option makes no sense, the place holds a history already and `resumeAt` is not
 * given, or not even one batch fits the byte budget.
 * @example
 * const tracker = await stateTracker({ model, storage: historyFolder("runs/one"), samplingRate: 0.1, sites: ["memory"] });
 * tracker.startEpoch(0);
 * await tracker.startBatch(0);
 * sequenceLogits(model, parameters, inputs, tracker.hookAt);
 * tracker.recordMetrics({ loss });
 * await tracker.saveStateHistory();
 */
export async function stateTracker(options: TrackerOptions): Promise<StateTracker> {
  const { model, storage, warn = (message: string) => console.warn(message) } = options;
  const asked = readOptions(options);
  const settings = { ...asked, rate: options.run ? affordableRate(asked, options.run) : asked.rate };
  const { rate, seed, sequences, dtype, limits, byteBudget, places } = settings;
  if (rate < asked.rate) {
    warn(`stateTracker: the sampling rate is ${rate.toPrecision(3)}, not ${asked.rate}, to keep the byte budget.`);
  }
  const recording = {
    model: { name: model.name, metadata: model.metadata },
    sites: places,
    settings: { dtype, samplingRate: rate, sequences },
  };
  const { resumeAt } = options;
  const writer = await openHistoryWriter(
    storage,
    recording,
    resumeAt ? { resumeAt: [resumeAt.epoch, resumeAt.batch] } : {},
  );

  const wanted = wantedBy(settings);
  const recorded = {
    state: new Set(wanted.sites),
    parameter: new Set(wanted.parameters),
    gradient: new Set(wanted.gradients),
  };
  const sampling = { rate, seed, epochs: limits.epochs, batches: limits.batches };
  let now = { epoch: 0, batch: 0, token: 0, sampled: false };
  let full = false;
  let [batchBytes, largestBatch] = [0, 0];
  let history: History | undefined;

  const append = (places: readonly RowPlace[], data: Float32Array): void => {
    if (full) return;
    const bytes = mostBytesOf(places, dtype);
    if (writer.bytes + partOverhead + bytes > byteBudget) {
      stop();
    } else {
      batchBytes += bytes;
      writer.appendAll({ epoch: now.epoch, batch: now.batch, places, data });
    }
  };
  const stop = (): void => {
    full = true;
    const { epoch, batch } = now;
    warn(`stateTracker: the byte budget is used up at epoch ${epoch}, batch ${batch}; nothing more is recorded.`);
  };
  const chosen = new WeakMap<readonly ValuePlace[], readonly ValuePlace[]>();
  const choose = (places: readonly ValuePlace[]): readonly ValuePlace[] =>
    places
      .filter(({ kind, step, site }) => recorded[kind].has(site) && (step ?? 0) < limits.tokens)
      .map((place) => {
        const [given = 0, ...rest] = place.shape;
        return place.kind === "state" && given > sequences ? { ...place, shape: [sequences, ...rest] } : place;
      });
  const recordValues = (places: readonly ValuePlace[], data: Float32Array): void => {
    if (!now.sampled) return;
    const known = chosen.get(places) ?? choose(places);
    chosen.set(places, known);
    if (known.length > 0) append(known, data);
  };
  const recordTensors = (kind: ValuePlace["kind"], step: number | null, tensors: Tensors): void => {
    if (!now.sampled) return;
    for (const [site, tensor] of Object.entries(tensors)) {
      if (!recorded[kind].has(site)) continue;
      recordValues([{ kind, step, site, shape: tensor.shape, start: 0 }], new Float32Array(tensor.dataSync()));
    }
  };
  const hookAt = (token: number): Hook => {
    if (!now.sampled || full || token >= limits.tokens) return passOn;
    return (site, value) => {
      if (!model.sites.some(({ name }) => name === site)) throw unknownSite(model, site);
      recordTensors("state", token, { [site]: value });
      return value;
    };
  };
  const saved = async (): Promise<History> => {
    if (history) await history.refresh();
    history ??= await openHistory(storage, { warn });
    return history;
  };

  return {
    startEpoch(epoch) {
      now = { epoch, batch: 0, token: 0, sampled: false };
    },
    async startBatch(batch) {
      await writer.room();
      largestBatch = Math.max(largestBatch, batchBytes);
      batchBytes = 0;
      const sampled = isSampled(sampling, now.epoch, batch);
      now = { ...now, batch, token: 0, sampled };
      if (sampled && !full && writer.bytes + largestBatch > byteBudget) stop(); // rather none of it than a half
      return sampled && !full;
    },
    startToken(token) {
      now = { ...now, token };
    },
    hook: (site, value) => hookAt(now.token)(site, value),
    hookAt,
    wanted,
    recordValues,
    recordParameters: (parameters) => recordTensors("parameter", null, parameters),
    recordGradients: (gradients) => recordTensors("gradient", null, gradients),
    recordMetrics(metrics) {
      if (now.epoch >= limits.epochs || now.batch >= limits.batches) return;
      const places = Object.keys(metrics).map((site, start): RowPlace => {
        return { step: null, kind: "metric", site, shape: [], start };
      });
      append(places, Float32Array.from(Object.values(metrics)));
    },
    saveStateHistory: () => writer.flush(),
    forecast: (run) => forecastOf(settings, run),
    samplingRate: rate,
    getState: async (epoch, batch, token, site) => (await saved()).getState(epoch, batch, token, site),
    getAvailableEpochs: async () => (await saved()).getAvailableEpochs(),
    getAvailableBatches: async (epoch) => (await saved()).getAvailableBatches(epoch),
    getAvailableTokens: async (epoch, batch) => (await saved()).getAvailableTokens(epoch, batch),
  };
}
