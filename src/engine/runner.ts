/** What runs the steps of a program in one thread: it knows the kernels by their numbers. */
export interface Runner {
  /** Run the steps of a table in memory. */
  readonly run: (from: number, to: number) => void;
  /** Take in functions of a compiled module, each under the kernel's number. */
  readonly add: (module: WebAssembly.Module, kernels: readonly NumberedKernel[]) => void;
}

export type NumberedKernel = readonly [number: number, exported: string];

/** The number of the kernel that waits for other threads. */
export const barrierNumber = 0;
export const firstKernel = 1;

/**
 * Other threads are given this function as text: it uses nothing but its arguments.
 *
 * @param module of a function that runs the steps of a table, and where threads share the memory of their barrier
 */
export function newRunner(memory: WebAssembly.Memory, module: WebAssembly.Module): Runner {
  const table = new WebAssembly.Table({ initial: 64, element: "anyfunc" });
  const { exports } = new WebAssembly.Instance(module, { engine: { memory, table } });
  if (exports["1"]) table.set(0, exports["1"]);
  return {
    run: exports["0"] as Runner["run"],
    add(added, kernels) {
      const found = new WebAssembly.Instance(added, { engine: { memory } }).exports;
      for (const [number, exported] of kernels) {
        if (number >= table.length) table.grow(table.length);
        table.set(number, found[exported] as () => void);
      }
    },
  };
}
