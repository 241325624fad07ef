// The Token Turing Machine of Ryoo, Gopalakrishnan, Kahatapitiya, Xiao, Rao, Stone, Lu, Ibarz and Arnab (2022),
// arXiv 2211.09119. Section numbers are theirs.
import * as tf from "@tensorflow/tfjs-core";
import { type Summariser, summarise, summariserShapes, summaryWeights } from "../memory/summarise.js";
import { layerNorm, linear, tensorOf } from "../tensors/tensors.js";
import { drawParameters } from "./initialise.js";
import { ofLibrary } from "./library-models.js";
import type { Model, Site } from "./model.js";
import { blockShapes, transformerBlock } from "./transformer.js";
import { type Write, writeShapes, writeSites, writeTokens } from "./ttm-write.js";

/** Sizes of a Token Turing Machine. */
export interface TtmConfig {
  /** Input tokens at one step, and how many different ones there are. */
  readonly tokens: number;
  readonly symbols: number;
  /** Answers to choose from. */
  readonly outputs: number;
  /** Numbers in a token. */
  readonly features: number;
  /** Memory tokens, the paper's m. */
  readonly slots: number;
  /** Tokens read at each step for processing, the paper's r. */
  readonly read: number;
  readonly layers: number;
  /** Attention heads; they divide the features. */
  readonly heads: number;
  /** Hidden units of a transformer block's network. */
  readonly hidden: number;
  readonly summariser: Summariser;
  /** How memory is written; "none" leaves it as it was at the start: the machine without memory, to compare with. */
  readonly write: Write;
}

/**
 * One step reads from memory and input what matters, Z = S_r([M ‖ I]); processes it in transformer blocks, O = Process(Z);
 * and writes a new memory from memory, output and input (section 3). The answer is read off the mean of O.
 *
 * Inputs are [step, batch, token·symbol]: a one-hot row for each token, one after the other.
 *
 * @throws if a size is not a whole number of at least one, or the heads do not divide the features.
 */
export function ttm(config: TtmConfig): Model {
  checkConfig(config);
  const { tokens, symbols, outputs, features, slots, read, layers, heads, hidden, summariser } = config;
  const blocks = Array.from({ length: layers }, (_, layer) => `layers.${layer}`);
  const shapes: Record<string, readonly number[]> = {
    "tokens.embedding.weight": [features, symbols],
    "tokens.embedding.bias": [features],
    ...summariserShapes(summariser, "read", { tokens: slots + tokens, count: read, features }),
    ...Object.assign({}, ...blocks.map((block) => blockShapes(block, features, hidden))),
    "norm.weight": [features],
    "norm.bias": [features],
    ...writeShapes(config),
    "memory.init": [slots, features],
    "output.weight": [outputs, features],
    "output.bias": [outputs],
  };

  return ofLibrary({
    name: "ttm",
    metadata: metadataOf(config),
    inputs: tokens * symbols,
    outputs,
    activation: "softmax",
    sites: ttmSites(config, blocks),
    shapes,
    // Erasing and adding to rows that are all equal would leave them equal for ever: only there they are learned.
    fixed: config.write === "erase-add" ? [] : ["memory.init"],
    parameters: (seed) =>
      drawParameters(
        shapes,
        seed,
        {
          ...{ "norm.weight": () => 1, "norm.0.weight": () => 1, "norm.1.weight": () => 1 },
          "write.scores.position": keeping(slots + read + tokens),
        },
        {
          ...{ "tokens.embedding.weight": 3, "scores.position": 0 },
          ...(config.write === "erase-add" && { "memory.init": 3 }),
        },
      ),

    start(parameters, batch) {
      return { memory: tf.tile(tf.expandDims(tensorOf(parameters, "memory.init")), [batch, 1, 1]) };
    },

    step(parameters, state, input, hook) {
      const batch = input.shape[0] as number;
      const shown = hook("input", tf.reshape(input, [batch, tokens, symbols]));
      const embedded = hook("tokens", linear(parameters, "tokens.embedding", shown)); // [batch, token, feature]
      const memory = hook("memory.before", tensorOf(state, "memory")); // [batch, slot, feature]
      const all = tf.concat([memory, embedded], 1);
      const weights = hook("read.weights", summaryWeights(summariser, parameters, "read", all, read));
      let processed = hook("read.tokens", summarise(weights, all)); // [batch, read, feature]
      for (const block of blocks) {
        const see = (attention: tf.Tensor) => hook(`${block}.attention`, attention);
        processed = hook(`${block}.output`, transformerBlock(parameters, block, processed, heads, see));
      }
      const output = hook("output.tokens", layerNorm(parameters, "norm", processed));
      const next = hook("memory", writeTokens(config, parameters, memory, output, embedded, hook));
      const logits = hook("logits", linear(parameters, "output", tf.mean(output, 1)));
      return { state: { memory: next }, logits };
    },
  });
}

/** Scores that let a slot begin as 0.96 of itself, the rest evenly of all other tokens. [slot, source], by index */
function keeping(sources: number): (index: number) => number {
  const score = Math.log(24 * (sources - 1));
  return (index) => (index % sources === Math.floor(index / sources) ? score : 0);
}

function ttmSites(config: TtmConfig, blocks: readonly string[]): Site[] {
  const { tokens, symbols, features, slots, read, heads, outputs } = config;
  const site = (name: string, axes: string[], shape: number[], about: string): Site => ({ name, axes, shape, about });
  const memory = (name: string, about: string) => site(name, ["slot", "feature"], [slots, features], about);
  return [
    site("input", ["token", "symbol"], [tokens, symbols], "the tokens shown at this step, one-hot"),
    site("tokens", ["token", "feature"], [tokens, features], "the input tokens as vectors"),
    memory("memory.before", "memory tokens as this step finds them"),
    site("read.weights", ["read", "source"], [read, slots + tokens], "what is read: memory tokens, then input, 0 to 1"),
    site("read.tokens", ["read", "feature"], [read, features], "tokens read from memory and input"),
    ...blocks.flatMap((block) => [
      site(`${block}.attention`, ["head", "query", "key"], [heads, read, read], "attention among read tokens, 0 to 1"),
      site(`${block}.output`, ["read", "feature"], [read, features], "tokens after this layer"),
    ]),
    site("output.tokens", ["read", "feature"], [read, features], "processed tokens, normalised"),
    ...writeSites(config),
    memory("memory", "memory tokens as this step leaves them"),
    site("logits", ["output"], [outputs], "answers before the softmax"),
  ];
}

function metadataOf({ tokens, read, heads, summariser, write }: TtmConfig): Record<string, string> {
  return { model: "ttm", tokens: `${tokens}`, read: `${read}`, heads: `${heads}`, summariser, write };
}

const largest = 1_000_000; // a size beyond it is a slip, and would fail in a less helpful place

function checkConfig({ summariser, write, ...sizes }: TtmConfig): void {
  for (const [size, value] of Object.entries(sizes)) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= largest) continue;
    throw new Error(`ttm: ${size} is a whole number of 1 to ${largest}; ${value} was given.`);
  }
  if (sizes.read > sizes.slots + sizes.tokens) {
    const tokens = `${sizes.slots} memory and ${sizes.tokens} input tokens`;
    throw new Error(`ttm: ${sizes.read} tokens cannot be read from ${tokens}; read at most as many as there are.`);
  }
  if (sizes.features % sizes.heads !== 0) {
    throw new Error(`ttm: ${sizes.heads} heads do not divide ${sizes.features} features; choose sizes that do.`);
  }
}
