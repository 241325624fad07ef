import { readWith } from "../files/checkpoint-file.js";
import { liveLine } from "../notebook/live-line.js";
import { useBackend } from "../tensors/backend.js";
import { readSafetensors } from "../tensors/safetensors.js";
import { verify } from "../training/verify.js";
import { type Command, positiveNumber } from "./command.js";

/** `tapescope verify FILE`: our values against those that another implementation computed. */
export const verifyCommand: Command = {
  name: "verify",
  about: "Compare a model with the expected values in a reference file, tensor by tensor.",
  operands: ["FILE"],
  options: {
    tolerance: { value: "NUMBER", default: "1e-5", about: "largest absolute difference that passes" },
  },
  async run([path], given) {
    const tolerance = positiveNumber(given, "tolerance");
    const backend = await useBackend();
    const file = await readWith(path as string, readSafetensors);
    const line = liveLine(process.stderr);
    const differences = verify(file, line.update);
    line.end();
    const maxError = Math.max(...differences.map((one) => one.maxError));
    const passed = maxError <= tolerance; // false where a difference is not a number
    if (given.json) console.log(JSON.stringify({ backend, tolerance, passed, maxError, differences }));
    else {
      const width = Math.max(...differences.map(({ name }) => name.length));
      for (const one of differences) console.log(`${one.name.padEnd(width)}  ${one.maxError.toExponential(2)}`);
      console.log(
        `maxError ${maxError.toExponential(2)} (${backend}): ${passed ? "passed" : "FAILED"} at ${tolerance}`,
      );
    }
    return passed ? 0 : 1;
  },
};
