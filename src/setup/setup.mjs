import { onNewEnoughNode } from "./node-version.mjs";

// npm run setup [-- --native]
onNewEnoughNode(async () => {
  const { root } = await import("./places.mjs");
  const { setUp } = await import("./set-up.mjs");
  const { problem } = await import("./problem.mjs");
  const unknown = process.argv.slice(2).find((argument) => argument !== "--native");
  if (unknown) throw problem(`"${unknown}" is not known here. Say: npm run setup, or npm run setup -- --native`);
  await setUp(root, { native: process.argv.includes("--native"), retry: true });
  return 0;
});
