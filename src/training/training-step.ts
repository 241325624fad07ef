import * as tf from "@tensorflow/tfjs-core";
import { type Arrays, mapEntries, mapNames, type Packed } from "../engine/arrays.js";
import { type Advance, eagerProcess, type Process } from "../engine/eager-process.js";
import { replayedProcess } from "../engine/process.js";
import type { Model } from "../model/model.js";
import type { Batch } from "../tasks/task.js";
import { disposeTensors, type Tensors, tensorOf } from "../tensors/tensors.js";
import { fromTensor, toTensor } from "../tensors/transfer.js";
import type { ValuePlace, Wanted } from "../tracker/tracker-options.js";
import { type Clip, clipGradients, type Optimizer } from "./optimizers.js";
import { answersOf, differentiateLoss, shareRight } from "./sequence.js";

/** What one update found: the loss in nats, and the share of sequences wholly right, by the parameters before it. */
export interface Found {
  readonly loss: number;
  readonly right: number;
}

/** A training under way: its parameters, and what its optimiser remembers. */
export interface TrainingStep {
  /**
   * One update. Where the loss is no finite number nothing changes, and nobody is shown anything.
   *
   * @param watch is shown what is wanted: states, gradients before clipping, and parameters as the update left them; the
   * update is the same to the bit without it
   */
  update(batch: Batch, factor: number, watch?: (places: readonly ValuePlace[], data: Float32Array) => void): Found;
  /** New tensors of all parameters, as they are now or were before the last update. */
  parameters(when?: "now" | "before"): Tensors;
  /** New tensors of what the optimiser remembers. */
  memory(): Tensors;
  /** Why updates run operation by operation instead of being replayed. */
  readonly refusal: () => string | undefined;
  dispose(): void;
}

/**
 * Loss, gradients, clipping and the optimiser's update as one step.
 *
 * @param memory what the optimiser remembers; by default nothing yet
 * @param how "replayed": recorded once for every length, then replayed by the engine; "eager": by the backend in use
 * @param wanted what is shown to those who watch an update; by default nothing
 */
export function trainingStep(
  { model, optimizer, clip }: { readonly model: Model; readonly optimizer: Optimizer; readonly clip: Clip },
  parameters: Tensors,
  memory: Tensors | undefined,
  how: "replayed" | "eager" = "replayed",
  wanted: Wanted = { sites: [], sequences: 0, tokens: 0, parameters: [], gradients: [] },
): TrainingStep {
  const trained = (all: Tensors): Tensors =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !model.fixed.includes(name)));
  const advance: Advance = (state, inputs, watched) => {
    const all = under(state, "parameter.");
    const { loss, gradients, logits, states } = differentiateLoss(model, all, inputs, watched ? wanted : undefined);
    const clipped = clipGradients(gradients, clip);
    const next = optimizer.update(trained(all), clipped, under(state, "memory."), inputs.factor);
    const after = { ...all, ...next.parameters };
    return {
      state: { ...over(after, "parameter."), ...over(next.memory, "memory.") },
      outputs: { loss, logits },
      ...(watched && {
        shown: {
          ...over(states, "state."),
          ...over(only(gradients, wanted.gradients), "gradient."),
          ...over(only(after, wanted.parameters), "parameter."),
        },
      }),
    };
  };
  const started = memory ?? tf.tidy(() => optimizer.start(trained(parameters)) as tf.NamedTensorMap);
  const initial = { ...arrays(over(parameters, "parameter.")), ...arrays(over(started, "memory.")) };
  if (!memory) disposeTensors(started);
  const known = new WeakMap<Packed["list"], readonly ValuePlace[]>();
  const placesOf = (list: Packed["list"]): readonly ValuePlace[] => {
    const places = known.get(list) ?? list.map(placeOf);
    known.set(list, places);
    return places;
  };
  const process: Process = (how === "replayed" ? replayedProcess : eagerProcess)(advance, initial);

  return {
    update(batch, factor, watch) {
      const { inputs, targets, mask } = batch;
      const answers = scalar(answersOf(model, batch));
      const { loss, logits } = process.advance(
        { inputs, targets, mask, answers, factor: scalar(factor) },
        (out) => Number.isFinite(out.loss?.data[0]),
        watch && (({ list, data }) => watch(placesOf(list), data)),
      );
      return { loss: loss?.data[0] as number, right: shareRight(model, batch, logits?.data ?? new Float32Array()) };
    },
    parameters: (when) => tensors(process.state(when), "parameter."),
    memory: () => tensors(process.state(), "memory."),
    refusal: process.refusal,
    dispose: process.dispose,
  };
}

/** Of a value that is shown as "state.STEP.SITE", "gradient.NAME" or "parameter.NAME". */
function placeOf({ name, shape, start }: Packed["list"][number]): ValuePlace {
  const [kind, ...rest] = name.split(".");
  const step = kind === "state" ? Number(rest.shift()) : null;
  return { kind: kind as ValuePlace["kind"], step, site: rest.join("."), shape, start };
}

function scalar(value: number): Arrays[string] {
  return { shape: [], data: Float32Array.of(value) };
}

function arrays(all: Tensors): Arrays {
  const axes = (one: tf.Tensor) => one.shape.map((_, axis) => `${axis}`);
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, fromTensor(one, name, axes(one))]));
}

/** New tensors of the arrays whose names begin so, without that beginning. */
function tensors(all: Arrays, prefix: string): Tensors {
  return mapEntries(under(all, prefix), (array) => toTensor(array));
}

function over<A>(all: Readonly<Record<string, A>>, prefix: string): Record<string, A> {
  return mapNames(all, (name) => prefix + name);
}

/** What has names that begin so, without that beginning. */
function under<A>(all: Readonly<Record<string, A>>, prefix: string): Record<string, A> {
  const found = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, one]) => [name.slice(prefix.length), one]));
}

function only(all: Tensors, names: readonly string[]): Tensors {
  return Object.fromEntries(names.map((name) => [name, tensorOf(all, name)]));
}
