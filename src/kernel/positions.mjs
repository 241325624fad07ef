import { SourceMap } from "node:module";

/** How deep a stack is looked into for lines of cells, and how much of the rest is shown. */
const DEPTH = 50;
const SHOWN = 10;

/**
 * Where a position in a cell's compiled code comes from: [line, column] of what the user typed, from 1; undefined for
 * code that the user did not type.
 * @typedef {(line: number, column: number) => [number, number] | undefined} Locate
 */

/**
 * @param {string} outer the source map of the code that runs, which maps to the code in between
 * @param {string} inner that of the code in between, which maps to the cell
 * @param {number} prefix characters that are put before the first line when it runs
 * @param {number} lines of the code that runs; what follows is not the cell's
 * @param {number} above lines that are put before the cell when it is compiled
 * @returns {Locate}
 */
export function locator(outer, inner, prefix, lines, above) {
  /** @type {SourceMap[]} */
  let maps = [];
  return (line, column) => {
    if (line > lines) return undefined;
    if (maps.length === 0) maps = [outer, inner].map((text) => new SourceMap(JSON.parse(text)));
    let at = { originalLine: line - 1, originalColumn: column - 1 - (line === 1 ? prefix : 0) };
    for (const map of maps) {
      const entry = map.findEntry(at.originalLine, at.originalColumn);
      if (!("originalLine" in entry)) return undefined;
      at = entry;
    }
    return at.originalLine < above ? undefined : [at.originalLine - above + 1, at.originalColumn + 1];
  };
}

/**
 * Let the stack of every error tell the lines of cells as they were typed, and leave out Node's, tslab's and the
 * kernel's own code.
 * @param {Map<string, { number: number, locate: Locate }>} cells by the name under which their code runs
 * @param {readonly string[]} folders whose code is left out
 * @param {WeakMap<object, string>} stacks what was told, by error: Node later puts lines of code before it
 */
export function tellPositions(cells, folders, stacks) {
  Error.stackTraceLimit = DEPTH;
  Error.prepareStackTrace = (error, frames) => {
    const shown = frames.flatMap((frame) => {
      const script = frame.getScriptNameOrSourceURL() ?? "";
      const cell = cells.get(script);
      const text = String(frame).replace(/^(async )?Proxy\./, "$1"); // called through tslab's exports
      if (!cell) return isOurs(script, folders) ? [] : [{ text, typed: false }];
      const [line, column] = [frame.getLineNumber() ?? 0, frame.getColumnNumber() ?? 0];
      const place = cell.locate(line, column);
      if (!place) return [];
      const told = `cell [${cell.number}], line ${place[0]}, column ${place[1]}`;
      return [{ text: text.replace(`${script}:${line}:${column}`, told), typed: true }];
    });
    const typed = shown.filter((frame, index) => index >= SHOWN && frame.typed).slice(-3);
    const lines = [...shown.slice(0, SHOWN), ...typed].map(({ text }) => `\n    at ${text}`);
    const stack = header(error) + lines.join("");
    stacks.set(error, stack);
    return stack;
  };
}

/**
 * @param {string} script
 * @param {readonly string[]} folders
 */
function isOurs(script, folders) {
  return script.startsWith("node:") || folders.some((folder) => script.startsWith(folder));
}

/** @param {Error} error */
function header(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error"; // its name or its message cannot be read
  }
}
