import { createCells } from "./cells.mjs";
import { replacements, withCells } from "./compile.mjs";
import { standInForNative } from "./native.mjs";
import { tellPositions } from "./positions.mjs";
import { problemOf } from "./problems.mjs";
import { inOrder, telling } from "./server.mjs";
import { loadTslab } from "./tslab.mjs";

// The TypeScript kernel of this project's notebooks: tslab, with what would surprise a reader mended in memory.
// Usage: node start.mjs CONNECTION_FILE

const { ts, folder, converter, executor, jupyter, main } = loaded();
const cells = createCells();
/** @type {unknown[][]} */
const said = [];
/** @type {WeakMap<object, string>} */
const stacks = new WeakMap();
tellPositions(cells.scripts, [folder, import.meta.url.replace(/[^/]*$/, "")], stacks);

const { createConverter } = converter;
const { createExecutor } = executor;
Object.assign(converter, {
  createConverter: (/** @type {object} */ options) => withCells(ts, createConverter(options), cells),
});
Object.assign(executor, {
  createExecutor: /** @type {typeof createExecutor} */ (
    (root, converters, { log }) => {
      const made = createExecutor(root, converters, { log, error: (...words) => said.push(words) });
      cells.shareThrough(made);
      return made;
    }
  ),
});
Object.assign(jupyter, {
  JupyterHandlerImpl: telling(jupyter.JupyterHandlerImpl, cells, said, stacks),
  ZmqServer: inOrder(jupyter.ZmqServer),
});
standInForNative();
main.startKernel({ configPath: String(process.argv[2]), enableFindLocal: false });

// In place of tslab's own words. The kernel lives on.
tell("uncaughtException", "In a callback");
tell("unhandledRejection", "In a promise that nothing awaited");

function loaded() {
  try {
    return loadTslab(replacements);
  } catch (error) {
    console.error(/** @type {Error} */ (error).message); // in Jupyter's log
    process.exit(1);
  }
}

/**
 * @param {"uncaughtException" | "unhandledRejection"} event
 * @param {string} where
 */
function tell(event, where) {
  process.removeAllListeners(event);
  process.on(event, (/** @type {unknown} */ thrown) => {
    console.error(`${where}: ${problemOf(thrown, stacks).traceback.join("\n")}`);
  });
}
