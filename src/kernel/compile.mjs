import { locator } from "./positions.mjs";
import {
  awaits,
  hidingEarlier,
  lostNamespaces,
  withoutExports,
  withPlainNames,
  writeOutShorthand,
} from "./rewrite.mjs";

/** @typedef {import("./rewrite.mjs").TypeScript} TypeScript */
/** @typedef {import("./rewrite.mjs").SourceFile} SourceFile */
/** @typedef {import("tslab/dist/converter.js").Converter} Converter */

/** What was seen of a cell while TypeScript compiled it. */
const seen = { inner: "", outer: "", awaits: false, variables: /** @type {Variable[]} */ ([]) };

/** @typedef {{ name: string, mutable: boolean }} Variable of the cell, with whether it is a `let` or a `var` */

/**
 * Functions of TypeScript as tslab is to see them: they also make source maps, and write out shorthand properties.
 * @param {TypeScript} ts
 * @returns {Partial<TypeScript>}
 */
export function replacements(ts) {
  return {
    transpileModule: (code, options) => {
      const compilerOptions = { ...options.compilerOptions, sourceMap: true };
      const result = ts.transpileModule(code, { ...options, compilerOptions });
      seen.outer = result.sourceMapText ?? "";
      return result;
    },
    createWatchCompilerHost: /** @type {any} */ (
      (/** @type {any} */ files, /** @type {object} */ options, /** @type {any[]} */ ...rest) => {
        const create = /** @type {any} */ (ts.createWatchCompilerHost);
        const host = create(files, { ...options, sourceMap: true }, ...rest);
        const readFile = host.readFile;
        host.readFile = (/** @type {string} */ path, /** @type {string} */ encoding) => {
          const text = readFile(path, encoding);
          return path.endsWith("/__tslab__.ts") ? withPlainNames(text) : text;
        };
        const createProgram = host.createProgram;
        host.createProgram = (/** @type {any[]} */ ...args) => watched(ts, createProgram(...args));
        return host;
      }
    ),
  };
}

/**
 * @param {TypeScript} ts
 * @param {import("@tslab/typescript-for-tslab").EmitAndSemanticDiagnosticsBuilderProgram} builder
 */
function watched(ts, builder) {
  const emit = builder.emit;
  builder.emit = (file, write, token, onlyTypes, transformers) => {
    const checker = builder.getProgram().getTypeChecker();
    const shorthand = writeOutShorthand(ts, checker, (node) =>
      node.getSourceFile().fileName.endsWith("/__prev__.d.ts"),
    );
    if (file?.fileName.endsWith("/__tslab__.ts")) {
      seen.awaits = awaits(ts, file);
      seen.variables = variablesOf(ts, file);
    }
    /** @type {typeof write} */
    const keep = (name, text, ...rest) => {
      if (name.endsWith("/__tslab__.js.map")) seen.inner = text;
      write?.(name, text, ...rest);
    };
    return emit(file, keep, token, onlyTypes, { ...transformers, before: [shorthand] });
  };
  return builder;
}

/**
 * @param {TypeScript} ts
 * @param {SourceFile} file
 * @returns {Variable[]}
 */
function variablesOf(ts, file) {
  /** @type {Map<string, import("@tslab/typescript-for-tslab").Symbol>} */
  const locals = /** @type {any} */ (file).locals ?? new Map();
  const values = [...locals.values()].filter(({ flags }) => flags & (ts.SymbolFlags.Value | ts.SymbolFlags.Alias));
  return values.map((symbol) => ({
    name: symbol.name,
    mutable:
      (symbol.flags & ts.SymbolFlags.Variable) !== 0 &&
      !symbol.declarations?.some((node) => ts.getCombinedNodeFlags(node) & ts.NodeFlags.Const),
  }));
}

/**
 * tslab's converter, whose output also tells the lines of the cell and shares its variables with later cells.
 * @param {TypeScript} ts
 * @param {Converter} converter
 * @param {import("./cells.mjs").Cells} cells
 * @returns {Converter}
 */
export function withCells(ts, converter, cells) {
  return {
    ...converter,
    convert: (before, text) => {
      const hiding = hidingEarlier(ts, text);
      if (hiding) return { diagnostics: [hiding] };
      const result = converter.convert(before, withoutExports(ts, text));
      if (result.diagnostics.length > 0) return result;
      const declOutput = result.declOutput + lostNamespaces(ts, before, result.declOutput ?? "");
      const hasToplevelAwait = result.hasToplevelAwait || seen.awaits;
      for (const { name } of seen.variables) cells.forget(name);
      if (!result.output) return { ...result, declOutput };
      const output = result.output.replace(/(\/\/# sourceMappingURL=\S*\s*)+$/, "");
      const prefix = `(${hasToplevelAwait ? "async " : ""}function(exports, require) { `.length;
      const script = cells.begin(locator(seen.outer, seen.inner, prefix, output.split("\n").length, 1));
      const shared = cells.sharing(seen.variables.filter(({ mutable }) => mutable).map(({ name }) => name));
      return { ...result, declOutput, hasToplevelAwait, output: `${output}\n${shared}\n//# sourceURL=${script}` };
    },
  };
}
