import { quoted } from "../tensors/quoted.js";
import type { Model } from "./model.js";
import { nsm } from "./nsm.js";
import { headCount, lengthOf, type Shapes, wholeSize } from "./sizes.js";

/**
 * The Neural State Machine that a checkpoint's metadata and tensor shapes describe. Metadata gives `gates` ("gru" or
 * "lstm"), `heads`, `read_heads`, `write_heads` and, if nodes were pruned, `pruned` ("1,4"); the shapes give the rest.
 *
 * @throws if a size is missing or malformed, or the tensors do not fit it.
 */
export function nsmFromMetadata(metadata: ReadonlyMap<string, string>, shapes: Shapes): Model {
  const length = (name: string, axis: number) => lengthOf("nsm", shapes, name, axis);
  const gates = metadata.get("gates") ?? "";
  if (gates !== "gru" && gates !== "lstm") {
    throw new Error(`nsm: the metadata's "gates" is ${quoted(gates)}; "gru" or "lstm" was expected.`);
  }
  return nsm({
    tokens: length("tokens.position", 0),
    symbols: length("tokens.embedding.weight", 1),
    states: length("states.init", 0),
    features: length("states.init", 1),
    heads: wholeSize("nsm", metadata, "heads"),
    gates,
    slots: length("memory.init", 0),
    word: length("memory.init", 1),
    readHeads: headCount("nsm", "read", metadata, shapes),
    writeHeads: headCount("nsm", "write", metadata, shapes),
    outputs: length("output.bias", 0),
    pruned: prunedFrom(metadata.get("pruned")),
  });
}

function prunedFrom(text: string | undefined): number[] {
  if (text === undefined) return [];
  if (/^\d{1,6}(,\d{1,6})*$/.test(text)) return text.split(",").map(Number);
  throw new Error(`nsm: the metadata's "pruned" is ${quoted(text)}; states such as "1,4" were expected.`);
}
