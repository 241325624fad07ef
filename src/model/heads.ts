// Read and write heads of a Neural Turing Machine, Graves et al. 2014 (arXiv 1410.5401), section 3. Equation numbers are theirs.
import * as tf from "@tensorflow/tfjs-core";
import { contentWeights } from "../attention/content.js";
import { readMemory, writeMemory } from "../memory/access.js";
import { circularShift, interpolate, sharpen } from "../memory/addressing.js";
import { linear, type Tensors, tensorOf } from "../tensors/tensors.js";
import type { Hook, Site } from "./model.js";

/** A memory of `slots` slots (the paper's locations) of `word` numbers each, and how many heads work on it. */
export interface MemorySizes {
  readonly slots: number;
  readonly word: number;
  readonly readHeads: number;
  readonly writeHeads: number;
}

/** Names of the heads, "read.0", "write.0", ...: of each kind, and in the order in which they act. */
export interface Heads {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly inTurn: readonly string[];
}

const shifts = 3; // −1, 0 and +1

/** Heads act in turn, read 0, write 0, read 1, write 1 ...; each sees what the one before it wrote. */
export function headsOf({ readHeads, writeHeads }: MemorySizes): Heads {
  const reads = Array.from({ length: readHeads }, (_, index) => `read.${index}`);
  const writes = Array.from({ length: writeHeads }, (_, index) => `write.${index}`);
  const inTurn = Array.from({ length: Math.max(readHeads, writeHeads) }, (_, index) => [reads[index], writes[index]])
    .flat()
    .filter((head) => head !== undefined);
  return { reads, writes, inTurn };
}

/** Names and shapes of what the heads learn: linear maps from `inputs` numbers to k, β, g, s, γ (and e, a). */
export function headShapes(sizes: MemorySizes, inputs: number): Record<string, readonly number[]> {
  const { reads, writes } = headsOf(sizes);
  const size = addressingSize(sizes.word);
  const shapes = (head: string, outputs: number): [string, number[]][] => [
    [`${head}.weight`, [outputs, inputs]],
    [`${head}.bias`, [outputs]],
  ];
  return Object.fromEntries([
    ...reads.flatMap((head) => shapes(head, size)),
    ...writes.flatMap((head) => shapes(head, size + 2 * sizes.word)),
  ]);
}

/**
 * Let every head act once.
 *
 * @param seen what the heads are driven by [batch, inputs]
 * @param before memory as the first head finds it [batch, slot, word]
 * @param previous holds every head's weighting of the step before, "HEAD.weights" [batch, slot]
 * @returns the memory as the last head leaves it, every head's "HEAD.weights", and every "read.N.vector" [batch, word]
 */
export function accessMemory(
  { inTurn }: Heads,
  parameters: Tensors,
  seen: tf.Tensor,
  before: tf.Tensor,
  previous: Tensors,
  hook: Hook,
): { readonly memory: tf.Tensor; readonly found: Tensors } {
  const found: Record<string, tf.Tensor> = {};
  let memory = before;
  for (const head of inTurn) {
    const emitted = linear(parameters, head, seen);
    const weights = address(head, emitted, memory, tensorOf(previous, `${head}.weights`), hook);
    found[`${head}.weights`] = weights;
    if (head.startsWith("read")) {
      found[`${head}.vector`] = hook(`${head}.vector`, readMemory(memory, weights));
    } else {
      const word = memory.shape[2] as number;
      const [rawErase, rawAdd] = tf.split(tf.slice(emitted, [0, addressingSize(word)]), 2, 1) as tf.Tensor[];
      const erase = hook(`${head}.erase`, tf.sigmoid(rawErase as tf.Tensor));
      const add = hook(`${head}.add`, rawAdd as tf.Tensor);
      memory = writeMemory(memory, weights, erase, add);
    }
  }
  return { memory, found };
}

/**
 * Where a head looks: content, interpolation, shift, sharpening (section 3.3, figure 2).
 *
 * @param emitted what the head emits, laid out k, β, g, s, γ [batch, at least word + 6]
 * @param memory [batch, slot, word]
 * @param previous the head's weighting at the step before [batch, slot]
 * @returns [batch, slot]
 */
function address(head: string, emitted: tf.Tensor, memory: tf.Tensor, previous: tf.Tensor, hook: Hook): tf.Tensor {
  const word = memory.shape[2] as number;
  const parameters = tf.slice(emitted, [0, 0], [-1, addressingSize(word)]);
  const [k, beta, g, s, gamma] = tf.split(parameters, [word, 1, 1, shifts, 1], 1) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const key = hook(`${head}.key`, k);
  const strength = hook(`${head}.strength`, tf.softplus(beta));
  const gate = hook(`${head}.gate`, tf.sigmoid(g));
  const shift = hook(`${head}.shift`, tf.softmax(s));
  const sharpening = hook(`${head}.sharpening`, tf.add(1, tf.softplus(gamma)));
  const content = hook(`${head}.content`, contentWeights(key, strength, memory)); // eq. 5
  const gated = hook(`${head}.gated`, interpolate(content, previous, gate)); // eq. 7
  const shifted = hook(`${head}.shifted`, circularShift(gated, shift)); // eq. 8
  return hook(`${head}.weights`, sharpen(shifted, sharpening)); // eq. 9
}

/** Length of k, β, g, s and γ together. */
function addressingSize(word: number): number {
  return word + 1 + 1 + shifts + 1;
}

/** Where β, g and "no shift" stand in a head's bias: what a model may want to begin with. */
export function addressingIndex(word: number): { strength: number; gate: number; stay: number } {
  return { strength: word, gate: word + 1, stay: word + 3 };
}

/** The sites of every head, in the order in which they act. */
export function headSites(sizes: MemorySizes): Site[] {
  const { slots, word } = sizes;
  const site = (name: string, axes: string[], shape: number[], about: string): Site => ({ name, axes, shape, about });
  const weights = (name: string, about: string) => site(name, ["slot"], [slots], `${about}, 0 to 1`);
  return headsOf(sizes).inTurn.flatMap((head) => [
    site(`${head}.key`, ["word"], [word], "key k that the head looks for"),
    site(`${head}.strength`, ["one"], [1], "key strength β, above 0"),
    site(`${head}.gate`, ["one"], [1], "interpolation gate g, 0 keeps the previous weights, 1 takes the content's"),
    site(`${head}.shift`, ["shift"], [shifts], "shift weights s: to the next slot, none, to the one before"),
    site(`${head}.sharpening`, ["one"], [1], "sharpening exponent γ, at least 1"),
    weights(`${head}.content`, "weights by content"),
    weights(`${head}.gated`, "weights after the gate"),
    weights(`${head}.shifted`, "weights after the shift"),
    weights(`${head}.weights`, "final weights"),
    ...(head.startsWith("read")
      ? [site(`${head}.vector`, ["word"], [word], "what the head read")]
      : [
          site(`${head}.erase`, ["word"], [word], "erase vector e, 0 to 1"),
          site(`${head}.add`, ["word"], [word], "add vector a"),
        ]),
  ]);
}
