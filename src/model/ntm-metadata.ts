import { quoted } from "../tensors/quoted.js";
import type { Model } from "./model.js";
import { type NtmConfig, ntm } from "./ntm.js";

/** What a file says of its tensors: names and shapes. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * The Neural Turing Machine that a checkpoint's metadata and tensor shapes describe. Metadata gives `controller`
 * ("lstm-100" or "feedforward-100"), `slots`, `word`, `read_heads` and `write_heads`; the shapes give the widths.
 *
 * @throws if a size is missing or malformed, or the tensors do not fit it.
 */
export function ntmFromMetadata(metadata: ReadonlyMap<string, string>, shapes: Shapes): Model {
  const { controller, units } = controllerOf(metadata);
  const whole = (name: string): number => {
    const text = metadata.get(name) ?? "";
    if (!/^\d{1,9}$/.test(text))
      throw new Error(`ntm: the metadata's "${name}" is ${quoted(text)}; a whole number was expected.`);
    return Number(text);
  };
  const readHeads = heads("read", whole("read_heads"), shapes);
  const writeHeads = heads("write", whole("write_heads"), shapes);
  const word = whole("word");
  const fromInput = controller === "lstm" ? "controller.weight_ih" : "controller.weight";
  const inputs = lengthOf(shapes, fromInput, 1) - readHeads * word;
  const outputs = lengthOf(shapes, "output.bias", 0);
  const initialWeights = [...shapes.keys()].some((name) => name.endsWith(".weights.init")) ? "learned" : "zero";
  const config: NtmConfig = {
    inputs,
    outputs,
    slots: whole("slots"),
    word,
    controller,
    units,
    readHeads,
    writeHeads,
    initialWeights,
  };
  return ntm(config);
}

function controllerOf(metadata: ReadonlyMap<string, string>): Pick<NtmConfig, "controller" | "units"> {
  const text = metadata.get("controller") ?? "";
  const match = /^(lstm|feedforward)-(\d{1,9})$/.exec(text);
  if (!match) {
    throw new Error(
      `ntm: the metadata's "controller" is ${quoted(text)}; "lstm-UNITS" or "feedforward-UNITS" was expected.`,
    );
  }
  return { controller: match[1] as NtmConfig["controller"], units: Number(match[2]) };
}

/** The number of heads, once the tensors are seen to hold as many: a size in metadata alone is not to be trusted. */
function heads(kind: "read" | "write", count: number, shapes: Shapes): number {
  const held = [...shapes.keys()].filter((name) => new RegExp(`^${kind}\\.\\d+\\.weight$`).test(name)).length;
  if (held !== count) {
    throw new Error(`ntm: the metadata says ${count} ${kind} heads, but the file holds the weights of ${held}.`);
  }
  return count;
}

function lengthOf(shapes: Shapes, name: string, axis: number): number {
  const length = shapes.get(name)?.[axis];
  if (length === undefined) throw new Error(`ntm: the file has no tensor "${name}" with ${axis + 1} or more axes.`);
  return length;
}
