// The memory in which programs run, and the kernels that they are made of. A kernel is compiled once and shared by all
// programs of a machine; a program is a table in memory: for each step a kernel's number and its operands' addresses.

import {
  barrierBytes,
  barrierFunction,
  longWaitsAt,
  manyLongWaits,
  minute,
  napFunction,
  ownArrivals,
} from "./barrier.js";
import { crowd } from "./crowd.js";
import { barrierNumber, firstKernel, newRunner } from "./runner.js";
import { mostPages, newStorage, type Storage } from "./storage.js";
import { type Helper, helpersFor, type Message, threadCount } from "./threads.js";
import { add, get, i32, loadI32, local, set, type Writer, wasmModule, writer } from "./wasm.js";
import { writeMath } from "./wasm-math.js";

export interface Machine extends Omit<Storage, "memory"> {
  /** The memory as numbers; a new view after it has grown. */
  readonly floats: () => Float32Array;
  readonly words: () => Int32Array;
  /** The kernel that a pattern describes, by its number; it is written with `write` when it is met for the first time. */
  readonly kernel: (key: string, write: () => Writer) => number;
  /** Compile the kernels that were asked for since the last time. */
  readonly prepare: () => void;
  /** How many threads a program may be shared out to. */
  readonly threads: number;
  /** Whether the other threads are there; starts them. */
  readonly isHelped: () => boolean;
  /** The entry of a table with which a thread waits for all others, whose tables have one there too. */
  readonly barrier: (thread: number) => readonly number[];
  /** Run tables of steps side by side, one on each thread: on this one alone, or on all. */
  readonly run: (tables: readonly Table[]) => void;
}

/** Addresses in bytes: of the first step, and where the last ends. */
export type Table = readonly [from: number, to: number];

let machines = 0;
const gone = new FinalizationRegistry<{ name: number; helpers: readonly Helper[] }>(({ name, helpers }) => {
  for (const helper of helpers) helper.tell({ machine: name });
});

/**
 * @param threads that may run a program together; more than one only where Node runs it
 * @param patience with which they wait for one another, in sleeps of some 100 microseconds
 */
export function newMachine(threads: number = threadCount(), patience: number = minute): Machine {
  const shared = threads > 1;
  const { memory, ...storage } = newStorage(shared);
  const arrivals = shared ? storage.reserve(barrierBytes(threads)) : 0;
  const waits = shared ? [barrierFunction(arrivals, threads, 2, patience), napFunction()] : [];
  const runnerModule = compile([runSteps(1 + waits.length), ...waits], true);
  const runner = newRunner(memory, runnerModule);
  const name = machines++;
  const toTell: Message[] = [{ machine: name, memory, runner: runnerModule }];
  let helpers: readonly Helper[] | undefined;
  let failure: unknown;
  const numbers = new Map<string, number>();
  let waiting: { number: number; kernel: Writer }[] = [];

  function compile(functions: readonly Writer[], withTable: boolean): WebAssembly.Module {
    return new WebAssembly.Module(wasmModule(functions, withTable, shared ? mostPages : undefined));
  }

  return {
    ...storage,
    floats: () => new Float32Array(memory.buffer),
    words: () => new Int32Array(memory.buffer),
    kernel(key, write) {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const number = numbers.size + firstKernel;
      numbers.set(key, number);
      waiting.push({ number, kernel: write() });
      return number;
    },
    prepare() {
      if (waiting.length === 0) return;
      const math = writeMath();
      const module = compile([...math, ...waiting.map(({ kernel }) => kernel)], false);
      const numbered = waiting.map(({ number }, index) => [number, `${math.length + index}`] as const);
      runner.add(module, numbered);
      if (shared) toTell.push({ machine: name, kernels: { module, numbered } });
      waiting = [];
    },
    threads,
    isHelped() {
      if (!helpers) {
        helpers = helpersFor(threads - 1);
        if (helpers) gone.register(memory, { name, helpers });
      }
      return helpers !== undefined;
    },
    barrier: (thread) => [barrierNumber, 12, ownArrivals(arrivals, thread)],
    run([own, ...others]) {
      if (!own) return;
      if (others.length === 0) {
        runner.run(...own);
        return;
      }
      try {
        if (failure) throw failure;
        const longWaits = () => new Int32Array(memory.buffer, longWaitsAt(arrivals), 1);
        longWaits()[0] = 0;
        for (const message of toTell.splice(0)) for (const helper of helpers ?? []) helper.tell(message);
        others.forEach((table, index) => {
          helpers?.[index]?.start(name, ...table);
        });
        runner.run(...own);
        crowd.note((longWaits()[0] as number) >= manyLongWaits);
      } catch (cause) {
        failure = cause;
        throw new Error("A thread of the engine does not answer. Set TAPESCOPE_THREADS=1 to do without.", { cause });
      }
    },
  };
}

/**
 * From `at` to `end`: [kernel's number, length of the entry in bytes, operands' addresses ...].
 *
 * @param kernelType the index of a kernel's type in the module
 */
function runSteps(kernelType: number): Writer {
  const to = writer(["i32", "i32"]);
  const [at, end, next] = [0, 1, local(to, "i32")];
  to.bytes.push(0x03, 0x40); // loop
  // Beforehand: what comes after the last barrier may already be another table.
  get(to, at);
  get(to, at);
  loadI32(to, 4);
  add(to);
  set(to, next);
  get(to, at);
  i32(to, 8);
  add(to);
  get(to, at);
  loadI32(to, 0);
  to.bytes.push(0x11, kernelType, 0); // call_indirect, in the table
  get(to, next);
  set(to, at);
  get(to, at);
  get(to, end);
  to.bytes.push(0x49, 0x0d, 0, 0x0b); // i32.lt_u, br_if, end
  return to;
}
