// The Neural Turing Machine of Graves, Wayne and Danihelka (2014), arXiv 1410.5401. Equation numbers are theirs.
import * as tf from "@tensorflow/tfjs-core";
import { linear, tensorOf } from "../tensors/tensors.js";
import { controllerShapes, controllerSites, controllerState, controllerStep } from "./controller.js";
import { accessMemory, headShapes, headSites, headsOf } from "./heads.js";
import { drawParameters } from "./initialise.js";
import { ofLibrary } from "./library-models.js";
import type { Model, Site } from "./model.js";

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

const largest = 1_000_000; // a size beyond it is a slip, and would fail in a less helpful place

/** @throws if a size is not a whole number of at least one, or there are fewer than two slots. */
export function ntm(config: NtmConfig): Model {
  checkSizes(config);
  const { inputs, outputs, slots, word, units, readHeads, writeHeads } = config;
  const heads = headsOf(config);
  const { reads, inTurn } = heads;
  const readVectors = readHeads * word;
  const learned = config.initialWeights === "learned";
  const shapes: Record<string, readonly number[]> = {
    ...controllerShapes(config.controller, inputs + readVectors, units),
    ...headShapes(config, units),
    "output.weight": [outputs, units + readVectors],
    "output.bias": [outputs],
    "memory.init": [slots, word],
    ...Object.fromEntries(reads.map((head) => [`${head}.vector.init`, [1, word]])),
    ...Object.fromEntries(learned ? inTurn.map((head) => [`${head}.weights.init`, [1, slots]]) : []),
  };

  return ofLibrary({
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
    sites: ntmSites(config),
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
        ...Object.fromEntries(inTurn.map((head) => [`${head}.weights`, startWeights(head)])),
        ...Object.fromEntries(reads.map((head) => [`${head}.vector`, tf.squeeze(repeat(`${head}.vector.init`), [1])])),
      };
    },

    step(parameters, state, input, hook) {
      const previousReads = reads.map((head) => tensorOf(state, `${head}.vector`));
      const seen = tf.concat([hook("input", input), ...previousReads], 1); // [batch, input + reads]
      const controller = controllerStep(config.controller, parameters, state, seen, hook);
      const hidden = tensorOf(controller, "controller.hidden"); // [batch, unit]
      const before = hook("memory.before", tensorOf(state, "memory")); // [batch, slot, word]
      const { memory, found } = accessMemory(heads, parameters, hidden, before, state, hook);
      const next = { ...controller, ...found, memory: hook("memory", memory) };
      const result = tf.concat([hidden, ...reads.map((head) => tensorOf(next, `${head}.vector`))], 1);
      return { state: next, logits: hook("logits", linear(parameters, "output", result)) };
    },
  });
}

function ntmSites(config: NtmConfig): Site[] {
  const site = (name: string, axes: string[], shape: number[], about: string): Site => ({ name, axes, shape, about });
  const { slots, word } = config;
  return [
    site("input", ["input"], [config.inputs], "what the machine is shown at this step"),
    ...controllerSites(config.controller, config.units),
    site("memory.before", ["slot", "word"], [slots, word], "memory as the heads find it at this step"),
    ...headSites(config),
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
