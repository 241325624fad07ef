import { OutOfMemory } from "../engine/recorded-kernel.js";
import { type NamedArray, sizeOf } from "../tensors/named-array.js";
import type { Model } from "./model.js";
import type { Run, RunRequest, State, StateValue } from "./run-request.js";
import { stepWithEdits } from "./step-edits.js";
import { type StepProgram, stepProgram } from "./step-program.js";

// With the sizes of our checkpoints a program takes 1 to 20 MB, by its batch. It keeps its model alive as long.
const mostPrograms = 8;

/** The programs that were used last, the latest last. */
const programs: { readonly model: Model; readonly batch: number; readonly program: StepProgram }[] = [];
const refusals = new WeakMap<Model, string>();

/** Why a model's runs are computed operation by operation; undefined as long as they are replayed. */
export function runRefusal(model: Model): string | undefined {
  return refusals.get(model);
}

/**
 * Carry out a run by replaying the model's step, recorded when it is run for the first time with a batch of that size.
 *
 * @returns undefined if that cannot be
 */
export function replayedRun(request: RunRequest): Run | undefined {
  const { model, parameters, batch } = request;
  if (Object.values(parameters).some(({ dtype }) => dtype !== "float32")) return undefined;
  try {
    const program = programFor(model, batch);
    program?.start(parameters);
    return program && replay(program, request);
  } catch (error) {
    if (isTooLarge(error)) return undefined; // another batch may not be
    throw error;
  }
}

/** Whether more memory is needed than the engine, or JavaScript, has. */
const isTooLarge = (error: unknown): boolean => error instanceof OutOfMemory || error instanceof RangeError;

function replay(program: StepProgram, request: RunRequest): Run {
  const { model, inputs, steps, batch, recorded, edits, from, keep: keepState } = request;
  const first = from?.step ?? 0;
  const empty = (name: string, axes: readonly string[], shape: readonly number[]): NamedArray => {
    const whole = [steps - first, batch, ...shape];
    return { name, axes: ["step", "batch", ...axes], shape: whole, data: new Float32Array(sizeOf(whole)) };
  };
  const [outputs, logits] = ["outputs", "logits"].map((name) => empty(name, ["output"], [model.outputs])) as [
    NamedArray,
    NamedArray,
  ];
  const trace = Object.fromEntries(recorded.map(({ name, axes, shape }) => [name, empty(name, axes, shape)]));
  const keep = (array: NamedArray, step: number, from: string): void => {
    const numbers = program.numbers(from);
    array.data.set(numbers, (step - first) * numbers.length);
  };
  const width = batch * model.inputs;
  if (from) program.resume(from.state);
  for (let step = first; step < steps; step++) {
    if (step > first) keepState?.(step, firstState(program, batch));
    program.numbers("input").set(inputs.data.subarray(step * width, (step + 1) * width));
    const changes = edits.filter((one) => one.step === step);
    stepWithEdits(program, model, batch, changes);
    keep(outputs, step, "outputs");
    keep(logits, step, "logits");
    for (const [name, array] of Object.entries(trace)) keep(array, step, `site.${name}`);
  }
  const state = program.states.map(([name, shape]): [string, NamedArray] => {
    const axes = ["batch", ...shape.slice(1).map((_, index) => `axis ${index}`)];
    return [name, { name, axes, shape, data: program.numbers(`state.${name}`).slice() }];
  });
  return { outputs, logits, trace, state: Object.fromEntries(state) };
}

/** The state of the first sequence. */
function firstState(program: StepProgram, batch: number): State {
  const values = program.states.map(([name, [, ...shape]]): [string, StateValue] => {
    const all = program.numbers(`state.${name}`);
    return [name, { shape, data: all.slice(0, all.length / batch) }];
  });
  return Object.fromEntries(values);
}

/** The program for a batch of a size; undefined if the model's step cannot be recorded. */
function programFor(model: Model, batch: number): StepProgram | undefined {
  if (refusals.has(model)) return undefined;
  const known = programs.findIndex((one) => one.model === model && one.batch === batch);
  const used = known < 0 ? record(model, batch) : programs.splice(known, 1)[0];
  if (!used) return undefined;
  programs.push(used);
  if (programs.length > mostPrograms) programs.shift();
  return used.program;
}

function record(model: Model, batch: number): (typeof programs)[number] | undefined {
  try {
    return { model, batch, program: stepProgram(model, batch) };
  } catch (error) {
    if (isTooLarge(error)) throw error;
    // Whatever it is: the run as it is will succeed, or say what is wrong in the model's own words.
    refusals.set(model, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
