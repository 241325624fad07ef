import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";

/**
 * Let a cell that imports `@tensorflow/tfjs-node` have TensorFlow.js without the native library where that is absent. The
 * package itself would only throw, and tell how to rebuild it.
 */
export function standInForNative() {
  const require = createRequire(import.meta.url);
  const binding = require
    .resolve("@tensorflow/tfjs-node/package.json")
    .replace("package.json", "lib/napi-v8/tfjs_binding.node");
  const standIn = createRequire(require.resolve("danfojs-node")).resolve("@tensorflow/tfjs-node");
  const internal = /** @type {{ _resolveFilename: (request: string, ...rest: unknown[]) => string }} */ (
    /** @type {unknown} */ (module)
  );
  const resolve = internal._resolveFilename;
  internal._resolveFilename = function (request, ...rest) {
    const isLost = request === "@tensorflow/tfjs-node" && !existsSync(binding);
    return isLost ? standIn : resolve.call(this, request, ...rest);
  };
}
