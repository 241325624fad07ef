// What the benchmarks are measured beside, and what of it is missing here.
import { execFileSync } from "node:child_process";
import { root, venvPython } from "../../../src/setup/places.mjs";
import { hasNative } from "../../../src/setup/step-native.mjs";
import { browserPath } from "./browser.mjs";

/** The Python that `TAPESCOPE_TORCH_PYTHON` names, or the project's own. */
export const python = process.env.TAPESCOPE_TORCH_PYTHON || venvPython(root);

const versions = { torch: "torch==2.13.0", numpy: "numpy", safetensors: "safetensors" };

/** Why there are no figures beside these Python packages, and how to get them; undefined if all are there. */
export function lackOf(packages) {
  const find = "import sys, importlib.util as u; print(*[n for n in sys.argv[1:] if u.find_spec(n) is None])";
  try {
    const found = execFileSync(python, ["-c", find, ...packages], { encoding: "utf8", stdio: "pipe" }).trim();
    if (found === "") return undefined;
    const missing = found.split(" ");
    const wanted = missing.map((name) => versions[name]).join(" ");
    return `${python} has no ${missing.join(", ")}. Install: ${python} -m pip install ${wanted}`;
  } catch {
    return `${python} cannot be run. Run npm run setup, or name a Python in TAPESCOPE_TORCH_PYTHON.`;
  }
}

/** A line for each peer that is missing. */
export function missingPeers() {
  const packages = lackOf(Object.keys(versions));
  return [
    ...(packages ? [`PyTorch, and Python's pickle: ${packages}`] : []),
    ...(hasNative(root) ? [] : ["TensorFlow.js native: it is not built. Build it: npm run setup -- --native"]),
    ...(browserPath() ? [] : ["Chromium: there is none on PATH. Debian: apt install chromium"]),
  ];
}
