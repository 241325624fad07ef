import { onNewEnoughNode } from "./node-version.mjs";

// npm test [-- arguments for vitest]
onNewEnoughNode(async () => {
  const { root } = await import("./places.mjs");
  const { setUp } = await import("./set-up.mjs");
  const { runTests } = await import("./run-tests.mjs");
  await setUp(root, { tests: true });
  return runTests(root, process.argv.slice(2));
});
