// A Neural State Machine: state nodes that tokens are routed to, and beside them the memory of a Neural Turing Machine.
import * as tf from "@tensorflow/tfjs-core";
import { selfAttention } from "../attention/multi-head.js";
import { layerNorm, linear, tensorOf } from "../tensors/tensors.js";
import { accessMemory, addressingIndex, headShapes, headSites, headsOf, type MemorySizes } from "./heads.js";
import { drawParameters } from "./initialise.js";
import { ofLibrary } from "./library-models.js";
import type { Model, Site } from "./model.js";
import { cellShapes, cellSites, cellStep, type NsmCellSizes } from "./nsm-cell.js";

/** Sizes of a Neural State Machine. */
export interface NsmConfig extends NsmCellSizes, MemorySizes {
  /** Different tokens there are; a step shows `tokens` of them, each one of many. */
  readonly symbols: number;
  /** Answers to choose from. */
  readonly outputs: number;
  /** State nodes that take no part: nothing is routed to them and nobody listens to them. Usually none. */
  readonly pruned: readonly number[];
}

/** How much of the importance by attention is kept from one step to the next. */
const decay = 0.9;

/**
 * One step shows a short sentence of tokens. The tokens attend to one another; each is routed to the state nodes; the
 * nodes are updated through gates and listen to one another; read and write heads, driven by what was just routed and by
 * the states, work on the memory; the answer is read off states and reads. What a node says to heads and answer is
 * scaled by its importance, the sigmoid of a learned value.
 *
 * Inputs are [step, batch, token·symbol]: a one-hot row for each token, one after the other; a row of zeros is no token.
 *
 * @throws if a size is not a whole number of at least one, the heads do not divide the features, or every node is pruned.
 */
export function nsm(config: NsmConfig): Model {
  checkConfig(config);
  const { tokens, symbols, states, features, heads, gates, slots, word, outputs, pruned } = config;
  const memoryHeads = headsOf(config);
  const nodes = states * features;
  const shapes: Record<string, readonly number[]> = {
    "tokens.embedding.weight": [features, symbols],
    "tokens.embedding.bias": [features],
    "tokens.position": [tokens, features],
    "tokens.attention.in.weight": [3 * features, features],
    "tokens.attention.in.bias": [3 * features],
    "tokens.attention.out.weight": [features, features],
    "tokens.attention.out.bias": [features],
    "tokens.norm.weight": [features],
    "tokens.norm.bias": [features],
    ...cellShapes(config),
    "states.init": [states, features],
    "importance.learned": [states],
    ...headShapes(config, 2 * nodes),
    "memory.init": [slots, word],
    ...Object.fromEntries(memoryHeads.inTurn.map((head) => [`${head}.weights.init`, [1, slots]])),
    "output.weight": [outputs, nodes + config.readHeads * word],
    "output.bias": [outputs],
  };
  const closed = new Set(pruned);
  const openStates = (): tf.Tensor | undefined =>
    closed.size === 0 ? undefined : tf.tensor(Array.from({ length: states }, (_, s) => (closed.has(s) ? 0 : 1)));

  return ofLibrary({
    name: "nsm",
    metadata: metadataOf(config),
    inputs: tokens * symbols,
    outputs,
    activation: "softmax",
    sites: nsmSites(config),
    shapes,
    fixed: [],
    parameters: (seed) => drawParameters(shapes, seed, beginning(config), gains),

    start(parameters, batch) {
      const repeat = (name: string) => tf.tile(tf.expandDims(tensorOf(parameters, name), 0), [batch, 1, 1]);
      const weights = (head: string) => tf.softmax(tf.squeeze(repeat(`${head}.weights.init`), [1]));
      return {
        states: repeat("states.init"), // [batch, state, feature]
        ...(gates === "lstm" && { cell: tf.zeros([batch, states, features]) }),
        "importance.attention": tf.zeros([batch, states]),
        memory: repeat("memory.init"), // [batch, slot, word]
        ...Object.fromEntries(memoryHeads.inTurn.map((head) => [`${head}.weights`, weights(head)])),
      };
    },

    step(parameters, state, input, hook) {
      const batch = input.shape[0] as number;
      const open = openStates();
      const shown = hook("input", tf.reshape(input, [batch, tokens, symbols]));
      const placed = tf.add(linear(parameters, "tokens.embedding", shown), tensorOf(parameters, "tokens.position"));
      const embedded = hook("tokens.embedded", placed); // [batch, token, feature]
      const see = (weights: tf.Tensor) => hook("tokens.attention", weights);
      const { heard } = selfAttention(parameters, "tokens.attention", embedded, heads, undefined, see);
      const seen = hook("tokens", layerNorm(parameters, "tokens.norm", tf.add(embedded, heard)));
      const { next, routed, attention } = cellStep(config, parameters, seen, state, open, hook);

      const learned = tf.sigmoid(tensorOf(parameters, "importance.learned"));
      const scale = hook("importance", tf.tile(tf.expandDims(open ? tf.mul(learned, open) : learned), [batch, 1]));
      const received = tf.mean(attention, [1, 2]); // by every node, from all heads and listeners [batch, state]
      const before = tensorOf(state, "importance.attention");
      const average = hook("importance.attention", tf.add(tf.mul(before, decay), tf.mul(received, 1 - decay)));

      const said = tf.reshape(tf.mul(tensorOf(next, "states"), tf.expandDims(scale, 2)), [batch, nodes]);
      const driving = tf.concat([said, tf.reshape(routed, [batch, nodes])], 1);
      const found = hook("memory.before", tensorOf(state, "memory"));
      const access = accessMemory(memoryHeads, parameters, driving, found, state, hook);
      const memory = hook("memory", access.memory);
      const reads = memoryHeads.reads.map((head) => tensorOf(access.found, `${head}.vector`));
      const logits = hook("logits", linear(parameters, "output", tf.concat([said, ...reads], 1)));
      const weights = memoryHeads.inTurn.map((head) => [`${head}.weights`, tensorOf(access.found, `${head}.weights`)]);
      return {
        state: { ...next, "importance.attention": average, memory, ...Object.fromEntries(weights) },
        logits,
      };
    },
  });
}

/**
 * Words weigh more than their places, and slots differ from one another: at the start every place of the task must look
 * different to the heads, or they learn the even mixture of all that was stored and stay there.
 */
const gains = {
  "tokens.embedding.weight": 5,
  "tokens.position": 0.1,
  "router.weight": 2,
  "states.init": 0.2,
  "memory.init": 5,
};

/** Heads begin by content, sharply, without shifting; gates begin open to what is new. */
function beginning({ slots, word }: NsmConfig): Record<string, (index: number) => number> {
  const at = addressingIndex(word);
  const starts = new Map([
    [at.strength, 8],
    [at.gate, 3],
    [at.stay, 3],
  ]);
  const head = (index: number) => starts.get(index) ?? 0;
  return {
    "norm.weight": () => 1,
    "importance.learned": () => 2,
    "gates.update.bias": () => 1,
    "gates.forget.bias": () => 1,
    ".weights.init": (slot) => (slot === Math.floor(slots / 2) ? 5 : 0),
    "read.*.bias": head,
    "write.*.bias": head,
  };
}

function nsmSites(config: NsmConfig): Site[] {
  const { tokens, symbols, features, heads, states, slots, word, outputs } = config;
  const site = (name: string, axes: string[], shape: number[], about: string): Site => ({ name, axes, shape, about });
  return [
    site("input", ["token", "symbol"], [tokens, symbols], "the tokens shown at this step, one-hot"),
    site("tokens.embedded", ["token", "feature"], [tokens, features], "tokens as vectors, with their positions"),
    site("tokens.attention", ["head", "query", "key"], [heads, tokens, tokens], "how tokens attend to tokens, 0 to 1"),
    site("tokens", ["token", "feature"], [tokens, features], "tokens after they attended to one another"),
    ...cellSites(config),
    site("importance", ["state"], [states], "learned importance of each state, 0 to 1; scales what it says"),
    site("importance.attention", ["state"], [states], `attention received, a moving average (decay ${decay}), 0 to 1`),
    site("memory.before", ["slot", "word"], [slots, word], "memory as the heads find it at this step"),
    ...headSites(config),
    site("memory", ["slot", "word"], [slots, word], "memory as this step leaves it"),
    site("logits", ["output"], [outputs], "answers before the softmax"),
  ];
}

function metadataOf({ heads, gates, readHeads, writeHeads, pruned }: NsmConfig): Record<string, string> {
  return {
    model: "nsm",
    gates,
    heads: `${heads}`,
    read_heads: `${readHeads}`,
    write_heads: `${writeHeads}`,
    ...(pruned.length > 0 && { pruned: pruned.join(",") }),
  };
}

const largest = 1_000_000; // a size beyond it is a slip, and would fail in a less helpful place

function checkConfig(config: NsmConfig): void {
  const { pruned, gates, ...sizes } = config;
  for (const [size, value] of Object.entries(sizes)) {
    const least = size === "slots" ? 2 : 1;
    if (!Number.isSafeInteger(value) || value < least || value > largest) {
      throw new Error(`nsm: ${size} is a whole number of ${least} to ${largest}; ${value} was given.`);
    }
  }
  if (gates !== "gru" && gates !== "lstm") throw new Error(`nsm: gates are "gru" or "lstm"; "${gates}" was given.`);
  if (config.features % config.heads !== 0) {
    throw new Error(`nsm: ${config.heads} heads do not divide ${config.features} features; choose sizes that do.`);
  }
  if (!Array.isArray(pruned)) throw new Error(`nsm: pruned is a list of states, usually []; ${pruned} was given.`);
  const unknown = pruned.find((state) => !Number.isSafeInteger(state) || state < 0 || state >= config.states);
  const different = new Set(pruned).size;
  if (unknown !== undefined || different < pruned.length || different >= config.states) {
    const given = `${pruned.slice(0, 8)}${pruned.length > 8 ? ", …" : ""}`; // a stranger's file may name millions
    throw new Error(
      `nsm: pruned names states from 0 to ${config.states - 1}, each once, and leaves at least one; [${given}] was given.`,
    );
  }
}
