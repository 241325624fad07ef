import * as tf from "@tensorflow/tfjs-core";
import { mapEntries, mapNames, type Shapes } from "../engine/arrays.js";
import { NotRecordable, type Recording, record } from "../engine/recorder.js";
import { type Halves, splitRecording } from "../engine/split.js";
import { sizeOf } from "../tensors/named-array.js";
import { type Tensors, tensorOf } from "../tensors/tensors.js";
import type { Model } from "./model.js";
import { siteStep } from "./site-step.js";

/** What a model computes for a batch of one size, as it was recorded. */
export interface StepRecordings {
  /** From "parameter.NAME" the state before the first step, "state.NAME". */
  readonly start: Recording;
  /** One recording of all steps, or one of the first and one of all others. */
  readonly steps: readonly Recording[];
}

/** What a model computes for a batch of one size, ready to be made a program. */
export interface ModelRecording {
  /** From "parameter.NAME" the state before the first step, "state.NAME". */
  readonly start: Recording;
  /**
   * From what is `given` to what `results`; what can be computed from parameters alone comes `before`. One recording of
   * all steps, or one of the first and one of all others.
   */
  readonly steps: readonly Halves[];
  /**
   * Shapes of "parameter.NAME", "state.NAME" [batch, ...], "input" [batch, input], "scale.SITE" and "shift.SITE". Of a state
   * that begins with another size than it goes on with it is the larger.
   */
  readonly given: Shapes;
  /** Shapes of "state.NAME", "logits" and "outputs" [batch, output], and "site.NAME" [batch, ...site]. */
  readonly results: Shapes;
}

/**
 * Record how a model starts, and its step. A site's value is multiplied by its scale, then its shift is added; where the
 * scale is NaN the shift takes the value's place, whatever that was.
 *
 * @throws NotRecordable if the model reads values on the way, uses an operation that cannot be recorded, or has a state
 * that is not of floats, or goes on changing its shape
 */
export function recordSteps(model: Model, batch: number): StepRecordings {
  const { parameters, edits } = givenTo(model, batch);
  const recordStep = (states: Shapes): Recording => {
    const given = { ...parameters, ...states, input: [batch, model.inputs], ...edits };
    return record((all) => recordedStep(model, batch, all), given);
  };
  const start = record((all) => statesOf(model, model.start(under(all, "parameter."), batch)), parameters);
  const states = shapesIn(start.outputs);
  const first = recordStep(states);
  const later = statesIn(first); // a state may go on with more than it begins with
  const other = isSame(states, later) ? first : recordStep(later);
  if (!isSame(later, statesIn(other))) {
    throw new NotRecordable(`The state of ${model.name} changes its names or shapes from step to step.`);
  }
  return { start, steps: [...new Set([first, other])] };
}

/** Recordings, split into what parameters decide and what each step does. */
export function modelRecording(model: Model, batch: number, { start, steps }: StepRecordings): ModelRecording {
  const { parameters, edits } = givenTo(model, batch);
  const [first, other] = [steps[0], steps.at(-1)] as [Recording, Recording];
  const [begun, later] = [shapesIn(start.outputs), statesIn(first)];
  const states = mapEntries({ ...begun, ...later }, (shape, name) => {
    return sizeOf(begun[name] ?? []) > sizeOf(shape) ? (begun[name] as readonly number[]) : shape;
  });
  return {
    start,
    steps: steps.map((one) => splitRecording(one, (name) => name.startsWith("parameter."))),
    given: { ...parameters, ...states, input: [batch, model.inputs], ...edits },
    results: shapesIn(other.outputs),
  };
}

/** Shapes of what a step is given: parameters, and what edits do at each site. */
function givenTo(model: Model, batch: number): { readonly parameters: Shapes; readonly edits: Shapes } {
  const sites = Object.fromEntries(model.sites.map(({ name, shape }) => [name, [batch, ...shape]]));
  return {
    parameters: prefixed(model.shapes, "parameter."),
    edits: { ...prefixed(sites, "scale."), ...prefixed(sites, "shift.") },
  };
}

function recordedStep(model: Model, batch: number, all: Tensors): Tensors {
  const shown: Record<string, tf.Tensor> = {};
  const given = { parameters: under(all, "parameter."), state: under(all, "state."), input: tensorOf(all, "input") };
  const { state, logits, outputs } = siteStep(model, batch, given, ({ name }, value) => {
    const [scale, shift] = [tensorOf(all, `scale.${name}`), tensorOf(all, `shift.${name}`)];
    const moved = tf.add(tf.mul(value, scale), shift);
    // What tf.where does once it has seen that all shapes are the same, which would take most of the recording's time.
    const choice = { condition: tf.notEqual(scale, scale), t: shift, e: moved };
    const edited: tf.Tensor = tf.engine().runKernel(tf.Select, choice);
    shown[name] = edited;
    return edited;
  });
  return { ...statesOf(model, state), ...prefixed(shown, "site."), logits, outputs };
}

/** @throws NotRecordable if a state holds whole numbers, for which operations have another meaning */
function statesOf({ name }: Model, state: Tensors): Tensors {
  const other = Object.entries(state).find(([, { dtype }]) => dtype !== "float32");
  if (other)
    throw new NotRecordable(`The state "${other[0]}" of ${name} is ${other[1].dtype}; float32 can be replayed.`);
  return prefixed(state, "state.");
}

/** Shapes of a recording's inputs or outputs. */
export function shapesIn(nodes: Recording["inputs"]): Shapes {
  return Object.fromEntries([...nodes].map(([name, { shape }]) => [name, shape]));
}

function statesIn({ outputs }: Recording): Shapes {
  return shapesIn(new Map([...outputs].filter(([name]) => name.startsWith("state."))));
}

function isSame(one: Shapes, other: Shapes): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => `${one[name]}` === `${other[name]}`);
}

function prefixed<A>(all: Readonly<Record<string, A>>, prefix: string): Record<string, A> {
  return mapNames(all, (name) => prefix + name);
}

/** What has names that begin so, without that beginning. */
function under<A>(all: Readonly<Record<string, A>>, prefix: string): Record<string, A> {
  const found = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, one]) => [name.slice(prefix.length), one]));
}
