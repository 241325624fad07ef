import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { limit } from "./limit.js";
import { repeated } from "./repeat.mjs";

const root = join(import.meta.dirname, "..");

// What `npm run stress` repeats takes as long as was asked for.
const isStress = process.env.TAPESCOPE_STRESS !== undefined;

// unit: fast, no process started. parity: every model on every backend against PyTorch's values.
// slow: the command line, set-up, notebooks, reports and JupyterLab in a real browser. There a test waits for many
// things, each of which may take the limit: it has twice as long, so that the wait that fails is what is told.
const project = (name: string, milliseconds: number) => ({
  test: {
    name,
    root,
    include: [`tests/${name}/**/*.test.ts`],
    isolate: name !== "unit", // to load TensorFlow.js anew for every file would take as long as the tests
    testTimeout: isStress ? 0 : milliseconds,
    hookTimeout: milliseconds,
    expect: { poll: { timeout: limit } },
  },
});

// The longest first: one that begins when all others are done leaves a worker idle to its end.
const longest = [
  "slow/notebooks",
  "slow/setup",
  "parity/engine",
  "slow/leak",
  "slow/explorer-experiment",
  "slow/history-kills",
  "slow/explorer-notebook",
  "parity/edit-identities",
  "slow/cli",
  "slow/create-report",
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
    projects: [project("unit", limit), project("parity", limit), project("slow", 2 * limit)],
    tags: Object.entries(repeated).map(([name, { what }]) => ({ name, description: what })),
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
