// The memory in which programs run, and the kernels that they are made of. A kernel is compiled once and shared by all
// programs of a machine; a program is a table in memory: for each step a kernel's number and its operands' addresses.

import { add, get, i32, loadI32, set, type Writer, wasmModule, writer } from "./wasm.js";
import { writeMath } from "./wasm-math.js";

export interface Machine {
  /** The memory as numbers; a new view after it has grown. */
  readonly floats: () => Float32Array;
  readonly words: () => Int32Array;
  /** The kernel that a pattern describes, by its number; it is written with `write` when it is met for the first time. */
  readonly kernel: (key: string, write: () => Writer) => number;
  /** Compile the kernels that were asked for since the last time. */
  readonly prepare: () => void;
  /** Storage that stays, in bytes; give it back with `release`. */
  readonly reserve: (bytes: number) => number;
  readonly release: (address: number) => void;
  /** Storage that programs use one after the other, of at least so many bytes: its address, which may change when asked. */
  readonly scratch: (bytes: number) => number;
  /** Run the steps of a table. */
  readonly run: (from: number, to: number) => void;
}

const page = 65536;
const mostPages = 65536; // 4 GiB, WebAssembly's limit
const slack = 256; // a vector may be read a little beyond what is stored

export function newMachine(): Machine {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: mostPages });
  const table = new WebAssembly.Table({ initial: 64, element: "anyfunc" });
  const runner = instantiate([runSteps()], true);
  const numbers = new Map<string, number>();
  let waiting: { number: number; kernel: Writer }[] = [];
  const blocks = new Map<number, number>(); // reserved storage: address and length
  let scratch = { address: 0, bytes: 0 };

  function instantiate(functions: readonly Writer[], withTable: boolean): WebAssembly.Exports {
    const module = new WebAssembly.Module(wasmModule(functions, withTable));
    return new WebAssembly.Instance(module, { engine: withTable ? { memory, table } : { memory } }).exports;
  }

  /** The first hole that is large enough. */
  function reserve(bytes: number): number {
    const length = Math.ceil((bytes + slack) / 64) * 64;
    let at = 64;
    for (const [address, taken] of [...blocks].sort(([a], [b]) => a - b)) {
      if (address - at >= length) break;
      at = address + taken;
    }
    const missing = Math.ceil((at + length) / page) - memory.buffer.byteLength / page;
    if (missing > 0) memory.grow(missing);
    blocks.set(at, length);
    return at;
  }

  return {
    floats: () => new Float32Array(memory.buffer),
    words: () => new Int32Array(memory.buffer),
    kernel(key, write) {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const number = numbers.size;
      numbers.set(key, number);
      waiting.push({ number, kernel: write() });
      return number;
    },
    prepare() {
      if (waiting.length === 0) return;
      const math = writeMath();
      const found = instantiate([...math, ...waiting.map(({ kernel }) => kernel)], false);
      if (table.length < numbers.size) table.grow(numbers.size * 2 - table.length);
      waiting.forEach(({ number }, index) => {
        table.set(number, found[`${math.length + index}`] as () => void);
      });
      waiting = [];
    },
    reserve,
    release: (address) => blocks.delete(address),
    scratch(bytes) {
      if (bytes > scratch.bytes) {
        if (scratch.bytes > 0) blocks.delete(scratch.address);
        scratch = { address: reserve(bytes), bytes };
      }
      return scratch.address;
    },
    run: runner["0"] as (from: number, to: number) => void,
  };
}

/** From `at` to `end`: [kernel's number, length of the entry in bytes, operands' addresses ...]. */
function runSteps(): Writer {
  const to = writer(["i32", "i32"]);
  const [at, end] = [0, 1];
  to.bytes.push(0x03, 0x40); // loop
  get(to, at);
  i32(to, 8);
  add(to);
  get(to, at);
  loadI32(to, 0);
  to.bytes.push(0x11, 1, 0); // call_indirect: the last type, in the table
  get(to, at);
  get(to, at);
  loadI32(to, 4);
  add(to);
  set(to, at);
  get(to, at);
  get(to, end);
  to.bytes.push(0x49, 0x0d, 0, 0x0b); // i32.lt_u, br_if, end
  return to;
}
