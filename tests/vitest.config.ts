import { join } from "node:path";
import { defineConfig } from "vitest/config";

const root = join(import.meta.dirname, "..");

// unit: fast, no process started. parity: every model on every backend against PyTorch's values.
// slow: the command line, set-up, notebooks, reports and JupyterLab in a real browser.
const project = (name: string, seconds: number) => ({
  test: {
    name,
    root,
    include: [`tests/${name}/**/*.test.ts`],
    isolate: name !== "unit", // to load TensorFlow.js anew for every file would take as long as the tests
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
  },
});

export default defineConfig({
  test: { root, projects: [project("unit", 20), project("parity", 120), project("slow", 600)], maxWorkers: 2 },
});
