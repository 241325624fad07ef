import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { useBackend } from "../../src/tensors/backend.js";
import { sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import type { Tensors } from "../../src/tensors/tensors.js";
import { computed, described, inputsOf, outsideOf, type RandomProgram, randomPrograms } from "../random-programs.js";
import { seed, times } from "../repeat.mjs";

beforeAll(() => useBackend("cpu"));

type Values = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly dtype: string; readonly data: number[] }>
>;

const valuesOf = (tensors: Tensors): Values =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, one]) => [
      name,
      { shape: one.shape, dtype: one.dtype, data: [...one.dataSync()] },
    ]),
  );

/** The result, or the error's message. */
function attempt(compute: () => Tensors): Values | string {
  return tf.tidy(() => {
    try {
      return valuesOf(compute()) as never;
    } catch (error) {
      return (error as Error).message as never;
    }
  });
}

const isClose = (found: number, wanted: number, tolerance = 0): boolean =>
  Object.is(found, wanted) ||
  found === wanted ||
  Math.abs(found - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)) + tolerance;

/** What the program computes where every number on the way, and every gradient, is off by a few roundings. */
function disturbed(
  program: RandomProgram,
  inputs: Tensors,
  outside: readonly tf.Tensor[],
  seed: number,
): Values | string {
  const source = random(seed);
  const noise = ({ shape, size }: tf.Tensor) =>
    tf.tensor(
      Float32Array.from({ length: size }, () => 1 + (source.uniform() < 0.5 ? -3e-7 : 3e-7)),
      shape,
    );
  const change = tf.customGrad((x) => ({
    value: tf.mul(x as tf.Tensor, noise(x as tf.Tensor)),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, noise(dy)),
  }));
  return attempt(() => computed(program, inputs, outside, change));
}

/** What is wrong with the replay of a program; undefined if it is as it should be. */
function fault(
  program: RandomProgram,
  seen: { refused: number; failed: number; gradients: number },
): string | undefined {
  return tf.tidy(() => {
    const [inputs, outside] = [inputsOf(program), outsideOf(program)];
    const compiled = compile((given: Tensors) => computed(program, given, outside));
    const recorded = attempt(() => compiled(inputs));
    const found = attempt(() => compiled(inputs)); // it meets storage that the first run has used
    const wanted = attempt(() => computed(program, inputs, outside));
    if (JSON.stringify(recorded) !== JSON.stringify(found)) return "the second run gave another result than the first";
    if (compiled.refusal() !== undefined) seen.refused++;
    if (typeof wanted === "string") seen.failed++;
    else if (program.gradients) seen.gradients++;
    if (typeof wanted === "string" && /^Cannot read|is not a function|^Length of values/.test(wanted)) return undefined; // TensorFlow.js's own fault
    if (typeof wanted === "string" || typeof found === "string") {
      return typeof wanted === typeof found
        ? undefined
        : `eager ${JSON.stringify(wanted)}, replayed ${JSON.stringify(found)}`;
    }
    let others: readonly (Values | string)[] | undefined;
    for (const [name, { shape, dtype, data }] of Object.entries(wanted)) {
      const replayed = found[name];
      if (`${replayed?.shape}` !== `${shape}` || replayed?.dtype !== dtype) {
        return `${name} is ${dtype}[${shape}], replayed ${replayed?.dtype}[${replayed?.shape}]`;
      }
      const wrong = data.slice(0, sizeOf(shape)).findIndex((value, index) => {
        if (isClose(replayed.data[index] as number, value)) return false;
        others ??= [1, 2, 3].map((noise) => disturbed(program, inputs, outside, noise));
        const near = others.map((other) => (typeof other === "string" ? value : (other[name]?.data[index] as number)));
        if (near.some((one) => Number.isFinite(one) !== Number.isFinite(value))) return false;
        const spread = Math.max(...near.map((one) => Math.abs(one - value) || 0));
        return !isClose(replayed.data[index] as number, value, 30 * spread);
      });
      if (wrong >= 0) return `${name}[${wrong}] is ${data[wrong]}, replayed ${replayed.data[wrong]}`;
    }
    return undefined;
  }) as string | undefined;
}

const count = times("random-programs");
test(`${count} random programs give the values, shapes and types that they give operation by operation`, {
  tags: ["random-programs"],
}, () => {
  const seen = { refused: 0, failed: 0, gradients: 0 };
  const property = fc.property(randomPrograms, (program) => {
    const wrong = fault(program, seen);
    if (wrong) throw new Error(`${wrong}\n${described(program)}`);
  });
  fc.assert(property, { numRuns: count, seed: seed + 1 });
  // Else it would be a test of little.
  expect(seen.refused).toBeLessThan(count / 5);
  expect(seen.failed).toBeLessThan(count / 5);
  expect(seen.gradients).toBeGreaterThan(count / 5);
});
