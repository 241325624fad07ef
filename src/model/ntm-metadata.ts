import { quoted } from "../tensors/quoted.js";
import type { Model } from "./model.js";
import { type NtmConfig, ntm } from "./ntm.js";
import { headCount, lengthOf, type Shapes, wholeSize } from "./sizes.js";

/**
 * The Neural Turing Machine that a checkpoint's metadata and tensor shapes describe. Metadata gives `controller`
 * ("lstm-100" or "feedforward-100"), `slots`, `word`, `read_heads` and `write_heads`; the shapes give the widths.
 *
 * @throws if a size is missing or malformed, or the tensors do not fit it.
 */
export function ntmFromMetadata(metadata: ReadonlyMap<string, string>, shapes: Shapes): Model {
  const { controller, units } = controllerOf(metadata);
  const whole = (name: string) => wholeSize("ntm", metadata, name);
  const readHeads = headCount("ntm", "read", metadata, shapes);
  const writeHeads = headCount("ntm", "write", metadata, shapes);
  const word = whole("word");
  const fromInput = controller === "lstm" ? "controller.weight_ih" : "controller.weight";
  const inputs = lengthOf("ntm", shapes, fromInput, 1) - readHeads * word;
  const outputs = lengthOf("ntm", shapes, "output.bias", 0);
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
