import { type Model, type Site, sitesMatching } from "../model/model.js";
import type { Kind, RecordedSite, RowPlace } from "./state-row.js";
import type { WritableStorage } from "./storage.js";
import { type StoredType, storedTypes } from "./stored-values.js";

/** What a tracker records, of which model, and where. */
export interface TrackerOptions {
  readonly model: Model;
  /** Where the history goes, for example `historyFolder("runs/one")`. */
  readonly storage: WritableStorage;
  /** Share of the batches of every epoch that are recorded, above 0 up to 1; by default 0.1. */
  readonly samplingRate?: number;
  /** Names or patterns of sites, such as "memory" or "layers.*.attention"; by default all. */
  readonly sites?: readonly string[];
  /** Whether to record what recordParameters and recordGradients are given; by default true. */
  readonly parameters?: boolean;
  readonly gradients?: boolean;
  /** How many sequences of a batch are kept, from the first; by default 1. */
  readonly sequences?: number;
  /** Only the first epochs, batches of an epoch, or tokens of a sequence; by default all. */
  readonly limits?: Partial<Extent>;
  /** "float32" (exact, the default), "float16" or "uint8"; see storeValues for how far they are off. */
  readonly dtype?: StoredType;
  /** Which batches are taken; by default 0. */
  readonly seed?: number;
  /** Size that the history's files never exceed. */
  readonly byteBudget?: number;
  /** How long the training will be. With a byte budget, the sampling rate is lowered until all of it fits. */
  readonly run?: Extent;
  /** Go on with the history that is there: the epoch and batch that come next. Later ones in it are dropped. */
  readonly resumeAt?: { readonly epoch: number; readonly batch: number };
  /** Is told of a lowered rate, and of a budget that is used up; by default the console is. */
  readonly warn?: (message: string) => void;
}

/** What a tracker takes of a batch that it records. */
export interface Wanted {
  /** Names of sites. */
  readonly sites: readonly string[];
  /** Only the first sequences of the batch, and the first tokens of each. */
  readonly sequences: number;
  readonly tokens: number;
  /** Names of parameters, as the update leaves them, and of those whose gradients are taken. */
  readonly parameters: readonly string[];
  readonly gradients: readonly string[];
}

/** Where the numbers of a state [sequence, ...site] at a step begin, or of a parameter or a gradient. */
export interface ValuePlace extends RowPlace {
  readonly kind: Exclude<Kind, "metric">;
}

/** How long a training is: epochs, batches in each, tokens in each sequence. */
export interface Extent {
  readonly epochs: number;
  readonly batches: number;
  readonly tokens: number;
}

/** Options with their defaults. */
export interface Settings {
  readonly rate: number;
  readonly seed: number;
  readonly sequences: number;
  readonly dtype: StoredType;
  readonly limits: Extent;
  readonly byteBudget: number;
  readonly sites: readonly Site[];
  /** All that will be recorded: the sites, then parameters, then gradients. */
  readonly places: readonly RecordedSite[];
}

/** @throws if an option makes no sense, or a pattern names no site. */
export function readOptions(options: TrackerOptions): Settings {
  const { model, samplingRate: rate = 0.1, dtype = "float32", seed = 0, sequences = 1 } = options;
  const { parameters = true, gradients = true, byteBudget = Number.POSITIVE_INFINITY } = options;
  const refuse = (what: string, wanted: string, given: unknown) =>
    new Error(`stateTracker: ${what} is ${wanted}; ${String(given)} was given.`);
  if (!(rate > 0 && rate <= 1)) throw refuse("samplingRate", "above 0, up to 1", rate);
  if (!storedTypes.includes(dtype)) throw refuse("dtype", `one of ${storedTypes.join(", ")}`, dtype);
  if (!Number.isSafeInteger(seed)) throw refuse("seed", "a whole number", seed);
  if (!(byteBudget > 0)) throw refuse("byteBudget", "above 0", byteBudget);
  const all = Number.POSITIVE_INFINITY;
  const limits = { epochs: all, batches: all, tokens: all, ...options.limits };
  for (const [name, value] of Object.entries({ sequences, ...options.limits, ...options.run })) {
    if (!Number.isSafeInteger(value) || value < 1) throw refuse(name, "a whole number of at least 1", value);
  }
  const sites = sitesMatching(model, options.sites ?? ["*"]);
  const { shapes } = model;
  const trained = Object.keys(shapes).filter((name) => !model.fixed.includes(name));
  const places: RecordedSite[] = [
    ...sites.map((site) => ({ kind: "state" as const, ...site })),
    ...(parameters ? Object.keys(shapes).map((name) => place("parameter", name, shapes[name] ?? [])) : []),
    ...(gradients ? trained.map((name) => place("gradient", name, shapes[name] ?? [])) : []),
  ];
  return { rate, seed, sequences, dtype, limits, byteBudget, sites, places };
}

/** What of each batch is recorded under these settings. */
export function wantedBy({ places, sequences, limits: { tokens } }: Settings): Wanted {
  const named = (kind: Kind) => places.filter((one) => one.kind === kind).map(({ name }) => name);
  return { sites: named("state"), sequences, tokens, parameters: named("parameter"), gradients: named("gradient") };
}

function place(kind: "parameter" | "gradient", name: string, shape: readonly number[]): RecordedSite {
  const about = kind === "parameter" ? "a parameter after the update" : "the loss's gradient, before clipping";
  return { kind, name, axes: shape.map((_, index) => `axis ${index}`), shape, about };
}
