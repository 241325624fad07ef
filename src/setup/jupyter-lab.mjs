import { spawn } from "node:child_process";
import { join } from "node:path";
import { venvPython } from "./places.mjs";

/**
 * Open JupyterLab on the notebooks, until it is ended.
 * @param {string} root
 * @param {readonly string[]} args more arguments for it; a later one wins
 * @returns {Promise<number>} its exit code
 */
export function openJupyterLab(root, args) {
  const folder = `--ServerApp.root_dir=${join(root, "notebooks")}`;
  // Jupyter refuses to serve root, who in a container is everybody; its server keeps to this machine and asks a token.
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  // The project's kernel and templates go before ones of the same name in the user's home.
  const env = { ...process.env, JUPYTER_PREFER_ENV_PATH: "1" };
  return new Promise((resolve, reject) => {
    const child = spawn(venvPython(root), ["-m", "jupyterlab", folder, ...asRoot, ...args], {
      cwd: root,
      env,
      stdio: "inherit",
    });
    // Ctrl-C reaches Jupyter by itself, and it asks back; only then does it end, and this process with it.
    process.on("SIGINT", () => {});
    for (const signal of /** @type {NodeJS.Signals[]} */ (["SIGTERM", "SIGHUP"])) {
      process.on(signal, () => child.kill("SIGTERM"));
    }
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 0));
  });
}
