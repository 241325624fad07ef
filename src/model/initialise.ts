import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { random } from "../tensors/random.js";
import type { Tensors } from "../tensors/tensors.js";

/**
 * Draw parameters of the given shapes: matrices uniform within ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010,
 * eq. 16), everything else zero, an LSTM's forget bias one (Jozefowicz et al. 2015, section 3).
 *
 * @param fixed values by index for parameters whose names end so; `*` stands for any characters
 * @param gains factors of the bound for matrices whose names end so; those called ".init" are zero without one
 * @returns new tensors, which the caller disposes of; equal seeds give equal ones
 * @example drawParameters({ "output.weight": [6, 24], "output.bias": [6] }, 1)
 */
export function drawParameters(
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
  fixed: Readonly<Record<string, (index: number) => number>> = {},
  gains: Readonly<Record<string, number>> = {},
): Tensors {
  const source = random(seed);
  const draw = (name: string, shape: readonly number[]): tf.Tensor => {
    const value = entryFor(fixed, name);
    const gain = entryFor(gains, name) ?? (name.endsWith(".init") ? 0 : 1);
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, index) => value?.(index) ?? 0);
    if (shape.length === 2 && gain > 0) {
      const [outputs, inputs] = shape as [number, number];
      const bound = gain * Math.sqrt(6 / (inputs + outputs));
      for (let index = 0; index < data.length; index++) data[index] = bound * (2 * source.uniform() - 1);
    }
    if (name.endsWith("bias_ih")) data.fill(1, data.length / 4, data.length / 2);
    return tf.tensor(data, [...shape]);
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, draw(name, shape)]));
}

function entryFor<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  const ends = (pattern: string): boolean => {
    const [head = "", tail] = pattern.split("*");
    return tail === undefined ? name.endsWith(pattern) : name.startsWith(head) && name.endsWith(tail);
  };
  return Object.entries(table).find(([pattern]) => ends(pattern))?.[1];
}
