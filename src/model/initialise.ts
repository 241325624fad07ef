import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { random } from "../tensors/random.js";
import type { Tensors } from "../tensors/tensors.js";

/**
 * Draw parameters of the given shapes: matrices uniform within ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010,
 * eq. 16), everything else zero, an LSTM's forget bias one (Jozefowicz et al. 2015, section 3).
 *
 * @param fixed values by index for the parameters whose names end so
 */
export function drawParameters(
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
  fixed: Readonly<Record<string, (index: number) => number>>,
): Tensors {
  const source = random(seed);
  const draw = (name: string, shape: readonly number[]): tf.Tensor => {
    const value = Object.entries(fixed).find(([ending]) => name.endsWith(ending))?.[1];
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, index) => value?.(index) ?? 0);
    if (shape.length === 2 && !name.endsWith(".init")) {
      const [outputs, inputs] = shape as [number, number];
      const bound = Math.sqrt(6 / (inputs + outputs));
      for (let index = 0; index < data.length; index++) data[index] = bound * (2 * source.uniform() - 1);
    }
    if (name.endsWith("bias_ih")) data.fill(1, data.length / 4, data.length / 2);
    return tf.tensor(data, [...shape]);
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, draw(name, shape)]));
}
