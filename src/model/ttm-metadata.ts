import type { Summariser } from "../memory/summarise.js";
import { quoted } from "../tensors/quoted.js";
import type { Model } from "./model.js";
import { lengthOf, type Shapes, wholeSize } from "./sizes.js";
import { ttm } from "./ttm.js";
import type { Write } from "./ttm-write.js";

const summarisers: readonly Summariser[] = ["mlp", "query", "pooling"];
const writes: readonly Write[] = ["summarise", "erase-add", "concatenate", "none"];

/**
 * The Token Turing Machine that a checkpoint's metadata and tensor shapes describe. Metadata gives `tokens`, `read`,
 * `heads`, `summariser` and `write`; the shapes give the rest.
 *
 * @throws if a size is missing or malformed, or the tensors do not fit it.
 */
export function ttmFromMetadata(metadata: ReadonlyMap<string, string>, shapes: Shapes): Model {
  const length = (name: string, axis: number) => lengthOf("ttm", shapes, name, axis);
  const layers = [...shapes.keys()].filter((name) => /^layers\.\d+\.attention\.in\.weight$/.test(name)).length;
  return ttm({
    tokens: wholeSize("ttm", metadata, "tokens"),
    symbols: length("tokens.embedding.weight", 1),
    outputs: length("output.bias", 0),
    features: length("memory.init", 1),
    slots: length("memory.init", 0),
    read: wholeSize("ttm", metadata, "read"),
    layers,
    heads: wholeSize("ttm", metadata, "heads"),
    hidden: length("layers.0.mlp.0.bias", 0),
    summariser: oneOf(metadata, "summariser", summarisers),
    write: oneOf(metadata, "write", writes),
  });
}

function oneOf<T extends string>(metadata: ReadonlyMap<string, string>, name: string, choices: readonly T[]): T {
  const text = metadata.get(name) ?? "";
  const found = choices.find((choice) => choice === text);
  if (found) return found;
  throw new Error(`ttm: the metadata's "${name}" is ${quoted(text)}; one of ${choices.join(", ")} was expected.`);
}
