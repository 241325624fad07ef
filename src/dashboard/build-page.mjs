// node src/dashboard/build-page.mjs [FOLDER]: the explorer's page as one classic script and one style sheet,
// explorer.js and explorer.css, by default in dist/explorer-page/.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

await build({
  root,
  configFile: false,
  publicDir: false,
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: process.argv[2] ?? join(root, "dist", "explorer-page"),
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // the first that know light-dark()
    chunkSizeWarningLimit: 5000,
    lib: {
      entry: join(root, "src", "explorer", "bundle.ts"),
      formats: ["iife"],
      name: "tapescopeExplorerBundle",
      fileName: () => "explorer.js",
      cssFileName: "explorer",
    },
  },
});
