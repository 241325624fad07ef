// The cell of a Neural State Machine: tokens are routed to state nodes, gates update the nodes, the nodes listen to one
// another. It is the "nsm step" of tests/reference.
import * as tf from "@tensorflow/tfjs-core";
import { selfAttention } from "../attention/multi-head.js";
import { routeTokens, routingWeights } from "../attention/routing.js";
import { layerNorm, linear, type Tensors, tensorOf } from "../tensors/tensors.js";
import type { Hook, Site } from "./model.js";

/** Sizes of the cell. */
export interface NsmCellSizes {
  /** Tokens shown at one step. */
  readonly tokens: number;
  /** State nodes. */
  readonly states: number;
  /** Numbers in a token and in a state node. */
  readonly features: number;
  /** Heads of the router and of the attention among states; they divide the features. */
  readonly heads: number;
  /** How a state node is updated: with the gates of a GRU, or those of an LSTM, which keeps a cell beside the state. */
  readonly gates: "gru" | "lstm";
}

const gatesOf = { gru: ["update", "reset", "candidate"], lstm: ["input", "forget", "candidate", "output"] } as const;

/** Names and shapes of the cell's parameters. */
export function cellShapes({ states, features, heads, gates }: NsmCellSizes): Record<string, readonly number[]> {
  const affine = (name: string, outputs: number, inputs: number): [string, number[]][] => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  return Object.fromEntries([
    ...affine("router", heads * states, features),
    ...affine("router.output", features, features),
    ...gatesOf[gates].flatMap((gate) => affine(`gates.${gate}`, features, 2 * features)),
    ...affine("attention.in", 3 * features, features),
    ...affine("attention.out", features, features),
    ["norm.weight", [features]],
    ["norm.bias", [features]],
  ]);
}

export function cellSites({ tokens, states, features, heads, gates }: NsmCellSizes): Site[] {
  const perState = (name: string, about: string): Site => ({
    name,
    axes: ["state", "feature"],
    shape: [states, features],
    about,
  });
  const routing = { axes: ["token", "state"], shape: [tokens, states] };
  const attention = { axes: ["head", "query", "key"], shape: [heads, states, states] };
  return [
    { name: "routing.weights", ...routing, about: "how much of a token goes to a state, 0 to 1; a token's sum to one" },
    perState("routed", "what each state is given by the tokens"),
    ...gatesOf[gates].map((gate) =>
      perState(`gates.${gate}`, gate === "candidate" ? "new content, −1 to 1" : `${gate} gate, 0 to 1`),
    ),
    ...(gates === "lstm" ? [perState("cell", "what the LSTM's gates remember")] : []),
    perState("gated", "states after the gates"),
    { name: "state.attention", ...attention, about: "how much a state (query) listens to another (key), 0 to 1" },
    perState("states", "states as this step leaves them"),
  ];
}

/**
 * One step of the cell.
 *
 * @param tokens [batch, token, feature]
 * @param previous holds "states" and, with LSTM gates, "cell", [batch, state, feature]
 * @param open [state]: 0 for states that were pruned; without it all take part
 * @returns the next "states" (and "cell"), what was routed, and the attention among states
 */
export function cellStep(
  sizes: NsmCellSizes,
  parameters: Tensors,
  tokens: tf.Tensor,
  previous: Tensors,
  open: tf.Tensor | undefined,
  hook: Hook,
): { next: Tensors; routed: tf.Tensor; attention: tf.Tensor } {
  const weights = hook("routing.weights", routingWeights(parameters, tokens, sizes.heads, open));
  const given = routeTokens(parameters, weights, tokens); // [batch, state, feature], the map's bias even to pruned states
  const routed = hook("routed", open ? tf.mul(given, tf.expandDims(open, 1)) : given);
  const { gated, kept } = gateStates(sizes.gates, parameters, routed, previous, hook);
  const see = (found: tf.Tensor) => hook("state.attention", found);
  const { weights: attention, heard } = selfAttention(parameters, "attention", gated, sizes.heads, open, see);
  const states = hook("states", layerNorm(parameters, "norm", tf.add(gated, heard)));
  return { next: { ...kept, states }, routed, attention };
}

/**
 * The gates, over [state ‖ routed]. GRU (Cho et al. 2014, arXiv 1406.1078, eq. 5 to 8): (1−z)·state + z·candidate, where
 * the candidate sees the state through the reset gate. LSTM: cell = f·cell + i·candidate, state = o·tanh(cell).
 */
function gateStates(
  kind: "gru" | "lstm",
  parameters: Tensors,
  routed: tf.Tensor,
  previous: Tensors,
  hook: Hook,
): { gated: tf.Tensor; kept: Tensors } {
  const states = tensorOf(previous, "states");
  const both = tf.concat([states, routed], 2); // [batch, state, 2·feature]
  const gate = (name: string) => hook(`gates.${name}`, tf.sigmoid(linear(parameters, `gates.${name}`, both)));
  const candidateOf = (seen: tf.Tensor) =>
    hook("gates.candidate", tf.tanh(linear(parameters, "gates.candidate", seen)));
  if (kind === "gru") {
    const update = gate("update");
    const reset = gate("reset");
    const candidate = candidateOf(tf.concat([tf.mul(reset, states), routed], 2));
    return { gated: hook("gated", tf.add(states, tf.mul(update, tf.sub(candidate, states)))), kept: {} };
  }
  const added = tf.mul(gate("input"), candidateOf(both));
  const cell = hook("cell", tf.add(tf.mul(gate("forget"), tensorOf(previous, "cell")), added));
  return { gated: hook("gated", tf.mul(gate("output"), tf.tanh(cell))), kept: { cell } };
}
