import { onNewEnoughNode } from "./node-version.mjs";

// npm start [-- arguments for JupyterLab]
onNewEnoughNode(async () => {
  const { root } = await import("./places.mjs");
  const { setUp } = await import("./set-up.mjs");
  const { openJupyterLab } = await import("./jupyter-lab.mjs");
  await setUp(root);
  return openJupyterLab(root, process.argv.slice(2));
});
