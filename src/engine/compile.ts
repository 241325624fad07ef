import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import { type Bundle, bundleLike, tensorsIn } from "./bundle.js";
import type { Node } from "./graph.js";
import { newMachine } from "./machine.js";
import { buildProgram, type Program } from "./program.js";
import { NotRecordable, OutOfMemory } from "./recorded-kernel.js";
import { record } from "./recorder.js";

/** A compiled function: the same function, and what became of it. */
export interface Compiled<Arguments extends readonly Bundle[] = [Tensors], Result extends Bundle = Tensors> {
  (...given: Arguments): Result;
  /** Why it, or what is too large of it, runs as it is instead of being replayed; undefined if all shapes are replayed. */
  readonly refusal: () => string | undefined;
}

const mostPrograms = 32;

/**
 * Record a function once for every shape of its inputs, and replay it from then on.
 *
 * Each argument is a tensor, a list of tensors or a record of tensors, and so is the result. What is given are float32
 * tensors; whatever else the function uses is taken as it is at the first call with a shape. A function that reads a value
 * on the way, draws a random number (as dropout does), assigns a variable, or uses an operation that cannot be recorded,
 * runs as it is; `refusal` says why. So does a call with tensors of another type, or too large for the engine's memory. With
 * a seed, TensorFlow.js draws the same numbers at each call: these are recorded. Integers on the way are exact up to
 * 16,777,216; an index outside of what `tf.gather` looks at finds 0.
 *
 * @throws at a call, if an argument or the result is anything else
 *
 * @example const layer = compile((x: tf.Tensor2D, w: tf.Tensor2D) => tf.tanh(tf.matMul(x, w)));
 * @example const step = compile(({ x, w }) => ({ y: tf.mul(x, w) }));
 */
export function compile<Arguments extends readonly Bundle[] = [Tensors], Result extends Bundle = Tensors>(
  compute: (...given: Arguments) => Result,
): Compiled<Arguments, Result> {
  const machine = newMachine();
  const programs = new Map<string, Compilation<Result> | OutOfMemory>();
  let refusal: string | undefined;
  let otherType: string | undefined; // of the last call
  const find = (given: Arguments, inputs: Tensors): Compilation<Result> | OutOfMemory | undefined => {
    const key = Object.entries(inputs)
      .map(([name, { shape }]) => `${name}: ${shape}`)
      .join("; ");
    const known = programs.get(key);
    programs.delete(key);
    const found = known ?? build(given, inputs);
    if (!found) return undefined;
    programs.set(key, found); // the last used stands last
    const [oldest] = programs;
    if (programs.size > mostPrograms && oldest) {
      if (!(oldest[1] instanceof OutOfMemory)) oldest[1].dispose();
      programs.delete(oldest[0]);
    }
    return found;
  };
  const build = (given: Arguments, inputs: Tensors): Compilation<Result> | OutOfMemory | undefined => {
    try {
      return machine.attempt(() => compilation(machine, compute, given, inputs));
    } catch (error) {
      if (error instanceof OutOfMemory) return error;
      if (!(error instanceof NotRecordable)) throw error;
      refusal = error.message;
      return undefined;
    }
  };
  const replay = (...given: Arguments): Result => {
    const inputs = Object.assign({}, ...given.map((one, index) => tensorsIn(one, argument(index)))) as Tensors;
    const other = Object.entries(inputs).find(([, { dtype }]) => dtype !== "float32");
    otherType = other && `The ${other[0]} is ${other[1].dtype}; only float32 is replayed.`;
    if (refusal === undefined && !otherType) {
      const found = find(given, inputs);
      if (found && !(found instanceof OutOfMemory)) return found.run(inputs);
    }
    return tf.tidy(() => compute(...given) as tf.TensorContainer) as Result;
  };
  const tooLarge = () => [...programs.values()].find((one) => one instanceof OutOfMemory)?.message;
  return Object.assign(replay, { refusal: () => refusal ?? otherType ?? tooLarge() });
}

const argument = (index: number): string => `argument ${index + 1}`;

interface Compilation<Result extends Bundle> {
  run(inputs: Tensors): Result;
  dispose(): void;
}

function compilation<Arguments extends readonly Bundle[], Result extends Bundle>(
  machine: ReturnType<typeof newMachine>,
  compute: (...given: Arguments) => Result,
  given: Arguments,
  inputs: Tensors,
): Compilation<Result> {
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  let like: Result | undefined;
  const recording = record((tensors) => {
    like = compute(...(given.map((one, index) => bundleLike(one, argument(index), tensors)) as never as Arguments));
    return tensorsIn(like, "result");
  }, shapes);
  const places = new Map(Object.entries(shapes).map(([name, shape]) => [name, machine.reserve(4 * sizeOf(shape))]));
  const program: Program = buildProgram(machine, recording, places);
  const types = Object.entries(tensorsIn(like as Result, "result")).map(([name, { dtype }]) => ({ name, dtype }));
  return {
    run(values) {
      for (const [name, place] of places) machine.floats().set((values[name] as tf.Tensor).dataSync(), place / 4);
      program.run();
      const memory = machine.floats();
      const results = types.map(({ name, dtype }) => {
        const shape = [...(recording.outputs.get(name) as Node).shape];
        const at = program.output(name);
        return [name, tf.tensor(memory.slice(at, at + sizeOf(shape)), shape, dtype)];
      });
      return bundleLike(like as Result, "result", Object.fromEntries(results));
    },
    dispose() {
      program.dispose();
      for (const place of places.values()) machine.release(place);
    },
  };
}
