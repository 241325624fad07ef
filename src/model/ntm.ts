// The Neural Turing Machine of Graves, Wayne and Danihelka (2014), arXiv 1410.5401. Equation numbers are theirs.
import * as tf from "@tensorflow/tfjs-core";
import { contentWeights } from "../attention/content.js";
import { readMemory, writeMemory } from "../memory/access.js";
import { circularShift, interpolate, sharpen } from "../memory/addressing.js";
import { linear, tensorOf } from "../tensors/tensors.js";
import { controllerShapes, controllerSites, controllerState, controllerStep } from "./controller.js";
import { drawParameters } from "./initialise.js";
import type { Hook, Model, Site } from "./model.js";

/** Sizes of a Neural Turing Machine. */
export interface NtmConfig {
  /** Width of one step's input and output. */
  readonly inputs: number;
  readonly outputs: number;
  /** Memory: N slots (the paper's locations) of M numbers each. */
  readonly slots: number;
  readonly word: number;
  readonly controller: "lstm" | "feedforward";
  /** Hidden units of the controller. */
  readonly units: number;
  readonly readHeads: number;
  readonly writeHeads: number;
  /**
   * Where heads look before the first step: nowhere (all weights zero), or where training has them look. A memory whose
   * slots are all equal needs the second: from nowhere, no head could ever tell one slot from another.
   */
  readonly initialWeights: "zero" | "learned";
}

/** The sizes of the paper's copy experiment (table 2), for 8-bit vectors and one delimiter channel. */
export const paperCopy: NtmConfig = {
  inputs: 9,
  outputs: 8,
  slots: 128,
  word: 20,
  controller: "lstm",
  units: 100,
  readHeads: 1,
  writeHeads: 1,
  initialWeights: "learned",
};

const shifts = 3; // −1, 0 and +1
const largest = 1_000_000; // a size beyond it is a slip, and would fail in a less helpful place

/** @throws if a size is not a whole number of at least one, or there are fewer than two slots. */
export function ntm(config: NtmConfig): Model {
  checkSizes(config);
  const { inputs, outputs, slots, word, units, readHeads, writeHeads } = config;
  const reads = range(readHeads).map((index) => `read.${index}`);
  const writes = range(writeHeads).map((index) => `write.${index}`);
  // Heads act in turn, read 0, write 0, read 1, write 1 ...; each sees what the one before it wrote.
  const heads = range(Math.max(readHeads, writeHeads)).flatMap((index) =>
    [reads[index], writes[index]].filter((head) => head !== undefined),
  );
  const readVectors = readHeads * word;
  const learned = config.initialWeights === "learned";
  const shapes: Record<string, readonly number[]> = {
    ...controllerShapes(config.controller, inputs + readVectors, units),
    ...Object.fromEntries(reads.flatMap((head) => headShapes(head, addressingSize(word), units))),
    ...Object.fromEntries(writes.flatMap((head) => headShapes(head, addressingSize(word) + 2 * word, units))),
    "output.weight": [outputs, units + readVectors],
    "output.bias": [outputs],
    "memory.init": [slots, word],
    ...Object.fromEntries(reads.map((head) => [`${head}.vector.init`, [1, word]])),
    ...Object.fromEntries(learned ? heads.map((head) => [`${head}.weights.init`, [1, slots]]) : []),
  };

  return {
    name: "ntm",
    metadata: {
      model: "ntm",
      controller: `${config.controller}-${units}`,
      slots: `${slots}`,
      word: `${word}`,
      read_heads: `${readHeads}`,
      write_heads: `${writeHeads}`,
    },
    inputs,
    outputs,
    activation: "sigmoid",
    sites: ntmSites(config, heads),
    shapes,
    fixed: ["memory.init"],
    parameters: (seed) =>
      // A constant memory trains several times faster than a random or learned one (Collier and Beel 2018, section 4).
      // Heads begin at the middle slot: from there they can learn to move along the slots, either way.
      drawParameters(shapes, seed, {
        "memory.init": () => 1e-6,
        ".weights.init": (slot) => (slot === Math.floor(slots / 2) ? 10 : 0),
      }),

    start(parameters, batch) {
      const repeat = (name: string) => tf.tile(tf.expandDims(tensorOf(parameters, name), 0), [batch, 1, 1]);
      const startWeights = (head: string) =>
        learned ? tf.softmax(tf.squeeze(repeat(`${head}.weights.init`), [1])) : tf.zeros([batch, slots]);
      return {
        memory: repeat("memory.init"), // [batch, slot, word]
        ...controllerState(config.controller, parameters, batch),
        ...Object.fromEntries(heads.map((head) => [`${head}.weights`, startWeights(head)])),
        ...Object.fromEntries(reads.map((head) => [`${head}.vector`, tf.squeeze(repeat(`${head}.vector.init`), [1])])),
      };
    },

    step(parameters, state, input, hook) {
      const previousReads = reads.map((head) => tensorOf(state, `${head}.vector`));
      const seen = tf.concat([hook("input", input), ...previousReads], 1); // [batch, input + reads]
      const controller = controllerStep(config.controller, parameters, state, seen, hook);
      const hidden = tensorOf(controller, "controller.hidden"); // [batch, unit]
      const next: Record<string, tf.Tensor> = { ...controller };
      let memory = hook("memory.before", tensorOf(state, "memory")); // [batch, slot, word]
      for (const head of heads) {
        const emitted = linear(parameters, head, hidden);
        const weights = address(head, emitted, memory, tensorOf(state, `${head}.weights`), hook);
        next[`${head}.weights`] = weights;
        if (head.startsWith("read")) {
          next[`${head}.vector`] = hook(`${head}.vector`, readMemory(memory, weights));
        } else {
          const [rawErase, rawAdd] = tf.split(tf.slice(emitted, [0, addressingSize(word)]), 2, 1) as tf.Tensor[];
          const erase = hook(`${head}.erase`, tf.sigmoid(rawErase as tf.Tensor));
          const add = hook(`${head}.add`, rawAdd as tf.Tensor);
          memory = writeMemory(memory, weights, erase, add);
        }
      }
      next.memory = hook("memory", memory);
      const result = tf.concat([hidden, ...reads.map((head) => tensorOf(next, `${head}.vector`))], 1);
      return { state: next, logits: hook("logits", linear(parameters, "output", result)) };
    },
  };
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

function headShapes(head: string, size: number, units: number): [string, number[]][] {
  return [
    [`${head}.weight`, [size, units]],
    [`${head}.bias`, [size]],
  ];
}

function ntmSites(config: NtmConfig, heads: readonly string[]): Site[] {
  const site = (name: string, axes: string[], shape: number[], about: string): Site => ({ name, axes, shape, about });
  const { slots, word } = config;
  const weights = (name: string, about: string) => site(name, ["slot"], [slots], `${about}, 0 to 1`);
  return [
    site("input", ["input"], [config.inputs], "what the machine is shown at this step"),
    ...controllerSites(config.controller, config.units),
    site("memory.before", ["slot", "word"], [slots, word], "memory as the heads find it at this step"),
    ...heads.flatMap((head) => [
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
    ]),
    site("memory", ["slot", "word"], [slots, word], "memory as this step leaves it"),
    site("logits", ["output"], [config.outputs], "output before the sigmoid"),
  ];
}

function checkSizes(config: NtmConfig): void {
  const smallest = { inputs: 1, outputs: 1, slots: 2, word: 1, units: 1, readHeads: 1, writeHeads: 1 };
  for (const [size, least] of Object.entries(smallest)) {
    const value = config[size as keyof typeof smallest];
    if (!Number.isSafeInteger(value) || value < least || value > largest) {
      throw new Error(
        `ntm: ${size} is a whole number of at least ${least} and at most ${largest}; ${value} was given.`,
      );
    }
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
