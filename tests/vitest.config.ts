import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

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

// The longest first: one that begins when all others are done leaves a worker idle to its end.
const longest = [
  "slow/notebooks",
  "slow/history-kills",
  "slow/setup",
  "parity/engine",
  "slow/explorer-notebook",
  "slow/create-report",
  "slow/explorer-experiment",
  "slow/leak",
  "slow/cli",
  "slow/explorer-history",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((name) => moduleId.endsWith(`/tests/${name}.test.ts`));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    root,
    projects: [project("unit", 20), project("parity", 120), project("slow", 600)],
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
