// PyTorch as a peer: a Python process that is given one line for every step it shall run, and answers with one.
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(import.meta.dirname, "..", "..", "..");

/** The Python that `TAPESCOPE_TORCH_PYTHON` names, or the project's own; undefined, and a word why, if it has no torch. */
function torchPython() {
  const python = process.env.TAPESCOPE_TORCH_PYTHON ?? join(root, ".venv", "bin", "python");
  try {
    execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
    return python;
  } catch {
    console.error(`${python} has no torch: no figures beside PyTorch. (pip install torch==2.13.0)`);
    return undefined;
  }
}

/** A script of this folder, run by a Python that has torch; undefined if there is none. */
export function startTorch(script, ...args) {
  const python = torchPython();
  if (!python) return undefined;
  const path = join(import.meta.dirname, "..", script);
  const child = spawn(python, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** The answer to a line, as JSON has it. */
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended before it answered "${line}".`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}
