import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import { newMachine } from "./machine.js";
import { buildProgram, type Program } from "./program.js";
import { NotRecordable, record } from "./recorder.js";

/** A function of named tensors. */
export type TensorFunction = (inputs: Tensors) => Tensors;

/** A compiled function: the same function, and what became of it. */
export interface Compiled {
  (inputs: Tensors): Tensors;
  /** Why it runs as it is instead of being replayed; undefined as long as all shapes could be recorded. */
  readonly refusal: () => string | undefined;
}

const mostPrograms = 32;

/**
 * Record a function once for every shape of its inputs, and replay it from then on.
 *
 * The inputs are float32 tensors; whatever else the function uses is taken as it is at the first call with a shape. A
 * function that reads a value on the way, or uses an operation that cannot be recorded, runs as it is; `refusal` says why.
 *
 * @example const step = compile(({ x, w }) => ({ y: tf.tanh(tf.matMul(x, w)) }));
 */
export function compile(compute: TensorFunction): Compiled {
  const machine = newMachine();
  const programs = new Map<string, Compilation>();
  let refusal: string | undefined;
  const find = (inputs: Tensors): Compilation | undefined => {
    const key = Object.entries(inputs)
      .map(([name, { shape }]) => `${name}[${shape}]`)
      .join();
    const known = programs.get(key);
    programs.delete(key);
    const found = known ?? build(inputs);
    if (!found) return undefined;
    programs.set(key, found); // the last used stands last
    const [oldest] = programs;
    if (programs.size > mostPrograms && oldest) {
      oldest[1].dispose();
      programs.delete(oldest[0]);
    }
    return found;
  };
  const build = (inputs: Tensors): Compilation | undefined => {
    try {
      return compilation(
        machine,
        compute,
        Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, one.shape])),
      );
    } catch (error) {
      if (!(error instanceof NotRecordable)) throw error;
      refusal = error.message;
      return undefined;
    }
  };
  const replay = (inputs: Tensors): Tensors => {
    const other = Object.entries(inputs).find(([, { dtype }]) => dtype !== "float32");
    if (other) refusal = `The input "${other[0]}" is ${other[1].dtype}; only float32 is replayed.`;
    if (refusal === undefined) {
      const found = find(inputs);
      if (found) return found.run(inputs);
    }
    return tf.tidy(() => compute(inputs) as tf.NamedTensorMap);
  };
  return Object.assign(replay, { refusal: () => refusal });
}

interface Compilation {
  run(inputs: Tensors): Tensors;
  dispose(): void;
}

function compilation(
  machine: ReturnType<typeof newMachine>,
  compute: TensorFunction,
  shapes: Readonly<Record<string, number[]>>,
): Compilation {
  const recording = record(compute, shapes);
  const places = new Map(Object.entries(shapes).map(([name, shape]) => [name, machine.reserve(4 * sizeOf(shape))]));
  const program: Program = buildProgram(machine, recording, places);
  return {
    run(inputs) {
      for (const [name, place] of places) machine.floats().set((inputs[name] as tf.Tensor).dataSync(), place / 4);
      program.run();
      const memory = machine.floats();
      return Object.fromEntries(
        [...recording.outputs].map(([name, { shape }]) => {
          const at = program.output(name);
          return [name, tf.tensor(memory.slice(at, at + sizeOf(shape)), [...shape], "float32")];
        }),
      );
    },
    dispose() {
      program.dispose();
      for (const place of places.values()) machine.release(place);
    },
  };
}
