import * as tf from "@tensorflow/tfjs-core";
import type { Hook } from "../model/model.js";
import { cellShapes, cellSites, cellStep, type NsmCellSizes } from "../model/nsm-cell.js";
import { wholeSize } from "../model/sizes.js";
import { quoted } from "../tensors/quoted.js";
import { type SafetensorsFile, type StoredTensor, toFloat32 } from "../tensors/safetensors.js";
import { checkShapes } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import { checkExtent, compare, type Difference, readExpected } from "./expectations.js";

/**
 * Run one step of a Neural State Machine's cell on a reference file's `tokens` [batch, token, feature] and `states`
 * [batch, state, feature] (with LSTM gates, also `cell`), and compare the cell's sites with what the file expects.
 *
 * Metadata gives `batch`, `tokens`, `states`, `dim`, `heads` and `gates`; the tensors must agree with it.
 */
export function verifyNsmStep(file: SafetensorsFile, onStage: (what: string) => void): readonly Difference[] {
  const { batch, sizes } = sizesOf(file.metadata);
  const { tokens, states, features, gates } = sizes;
  const given = {
    tokens: [batch, tokens, features],
    states: [batch, states, features],
    ...(gates === "lstm" && { cell: [batch, states, features] }),
  };
  const shapes: Record<string, readonly number[]> = { ...cellShapes(sizes), ...given };
  checkShapes("nsm step", shapes, new Map([...file.tensors].map(([name, { shape }]) => [name, shape])));
  const sites = cellSites(sizes);
  const expected = readExpected(file, new Map(sites.map(({ name, shape }) => [name, [batch, ...shape]])));
  checkExtent(file, batch, sites);
  const arrays = Object.entries(shapes).map(([name, shape]) => {
    return [name, { shape, data: toFloat32(name, file.tensors.get(name) as StoredTensor) }] as const;
  });

  onStage("running the cell");
  const found = new Map<string, ArrayLike<number>>();
  const hook: Hook = (site, value) => {
    found.set(site, value.dataSync());
    return value;
  };
  tf.tidy(() => {
    const tensors = Object.fromEntries(arrays.map(([name, array]) => [name, toTensor(array)]));
    cellStep(sizes, tensors, tensors.tokens as tf.Tensor, tensors, undefined, hook);
  });
  return compare(expected, found);
}

function sizesOf(metadata: ReadonlyMap<string, string>): { batch: number; sizes: NsmCellSizes } {
  const size = (name: string): number => {
    const value = wholeSize("nsm step", metadata, name);
    if (value > 0) return value;
    throw new Error(`nsm step: the metadata's "${name}" is 0; at least 1 was expected.`);
  };
  const [batch, tokens, states, features, heads] = ["batch", "tokens", "states", "dim", "heads"].map(size) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (features % heads !== 0) throw new Error(`nsm step: ${heads} heads do not divide the dim of ${features}.`);
  const gates = metadata.get("gates") ?? "";
  if (gates !== "gru" && gates !== "lstm") {
    throw new Error(`nsm step: the metadata's "gates" is ${quoted(gates)}; "gru" or "lstm" was expected.`);
  }
  const epsilon = metadata.get("layer_norm_epsilon") ?? "1e-5";
  if (Number(epsilon) !== 1e-5) {
    throw new Error(`nsm step: the metadata's "layer_norm_epsilon" is ${quoted(epsilon)}; only 1e-5 is known here.`);
  }
  return { batch, sizes: { tokens, states, features, heads, gates } };
}
