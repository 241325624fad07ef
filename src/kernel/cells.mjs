/**
 * What is known of the cells that have run.
 * @typedef {object} Cells
 * @property {number} number of the cell that runs now, as in its `[1]`
 * @property {Map<string, { number: number, locate: import("./positions.mjs").Locate }>} scripts by name
 * @property {(locate: import("./positions.mjs").Locate) => string} begin gives the name of the script of a cell
 * @property {(names: readonly string[]) => string} sharing code for the end of a cell that shares its variables
 * @property {(name: string) => void} forget a variable that a new one replaces
 * @property {(executor: import("tslab/dist/executor.js").Executor) => void} shareThrough
 */

/**
 * Cells share variables through tslab's `exports`, which hold copies of their values: a function of the cell that
 * declares `let n` would not see a later cell's `n = 5`. So what stands there for such a variable is the variable itself.
 * @returns {Cells}
 */
export function createCells() {
  /** @type {Record<string, unknown>} */
  const shared = {};
  /** @type {Cells} */
  const cells = {
    number: 0,
    scripts: new Map(),
    begin: (locate) => {
      const name = `cell-${cells.number}`;
      cells.scripts.set(name, { number: cells.number, locate });
      return name;
    },
    sharing: (names) => {
      if (names.length === 0) return "";
      const pairs = names.map((name) => `${name}: [() => ${name}, ${name}_ => { ${name} = ${name}_; }]`);
      return `;__tslab__.share({ ${pairs.join(", ")} });`;
    },
    forget: (name) => {
      delete shared[name];
    },
    // tslab makes every property of its exports a plain value, so that the variables stand in their prototype.
    shareThrough: ({ locals }) => {
      Object.setPrototypeOf(locals, shared);
      /** @type {any} */ (globalThis).__tslab__.share = (
        /** @type {Record<string, [() => unknown, (value: unknown) => void]>} */ variables,
      ) => {
        for (const [name, [get, set]] of Object.entries(variables)) {
          Object.defineProperty(shared, name, { get, set, configurable: true });
          delete locals[name];
        }
      };
    },
  };
  return cells;
}
