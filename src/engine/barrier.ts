// Where threads wait for one another: they count who arrived, in memory that they share.
import { add, call, get, i32, loadI32, local, set, signed, type Writer, writer } from "./wasm.js";

// Some 400 microseconds: longer than a thread sleeps and wakes, or at every barrier one would sleep while the other comes.
const spins = 400_000;
const fewSpins = 1_000;
const sleep = 50_000; // nanoseconds
/**
 * Waits with sleep, in a run, after which threads spin little, and are left alone for a while: others use the cores. Each such
 * wait costs what a run of some milliseconds gains.
 */
export const manyLongWaits = 4;
/** Sleeps of at least a minute. */
export const minute = 600_000;

const line = 64; // bytes of a cache line, which only one thread at a time should write to

/** Bytes that the barriers of so many threads need; all zeros at first. */
export function barrierBytes(threads: number): number {
  return line * (1 + threads);
}

/** Where, in the barriers' memory, waits with sleep are counted: from 0 when a run begins. */
export function longWaitsAt(memory: number): number {
  return memory + 4;
}

/** Where, in the barriers' memory, the thread's own arrivals are counted. */
export function ownArrivals(memory: number, thread: number): number {
  return memory + line * (1 + thread);
}

/**
 * A function that returns when as many threads have called it as often. It takes the address of what `ownArrivals` gives.
 * Arrivals are counted on and on, beyond 2³¹ from below.
 *
 * @param nap the index of the function that `napFunction` writes, in the same module
 * @param patience sleeps after which it gives up, with a trap: another thread is gone
 */
export function barrierFunction(memory: number, threads: number, nap: number, patience: number): Writer {
  const to = writer(["i32"]);
  const [own, all, now] = [local(to, "i32"), local(to, "i32"), local(to, "i32")];
  const [tries, slept] = [local(to, "i32"), local(to, "i32")];
  const push = (...bytes: number[]) => to.bytes.push(...bytes);
  get(to, 0);
  loadI32(to, 0);
  set(to, own);
  get(to, own);
  get(to, own);
  loadI32(to, 0);
  i32(to, threads);
  add(to);
  push(0x22, all, 0x36, 2, 0); // local.tee, i32.store
  i32(to, memory);
  i32(to, 1);
  push(0xfe, 0x1e, 2, 0, 0x1a); // i32.atomic.rmw.add, drop
  push(0x02, 0x40, 0x03, 0x40); // block, loop
  i32(to, memory);
  push(0xfe, 0x10, 2, 0, 0x22, now); // i32.atomic.load, local.tee
  get(to, all);
  push(0x6b); // i32.sub
  i32(to, 0);
  push(0x4e, 0x0d, 1); // i32.ge_s, br_if: all are there
  get(to, tries);
  i32(to, 1);
  push(0x6a, 0x22, tries); // i32.add, local.tee
  i32(to, fewSpins);
  i32(to, spins);
  i32(to, longWaitsAt(memory));
  loadI32(to, 0);
  i32(to, manyLongWaits);
  push(0x4e, 0x1b); // i32.ge_s, select
  push(0x48, 0x0d, 0); // i32.lt_s, br_if: look again
  get(to, slept);
  push(0x45, 0x04, 0x40); // i32.eqz, if
  i32(to, longWaitsAt(memory));
  i32(to, 1);
  push(0xfe, 0x1e, 2, 0, 0x1a); // i32.atomic.rmw.add, drop
  i32(to, 1);
  set(to, slept);
  push(0x0b); // end
  get(to, tries);
  i32(to, spins + patience);
  push(0x4a, 0x04, 0x40, 0x00, 0x0b); // i32.gt_s, if, unreachable, end
  i32(to, memory);
  get(to, now);
  call(to, nap);
  push(0x0c, 0, 0x0b, 0x0b); // br: look again; end, end
  return to;
}

/**
 * Takes an address and the number found there; sleeps unless that has changed. A function of its own: in V8 11.3, code of
 * the first tier loses its locals at a wait.
 */
export function napFunction(): Writer {
  const to = writer(["i32", "i32"]);
  get(to, 0);
  get(to, 1);
  to.bytes.push(0x42, ...signed(sleep)); // i64.const
  to.bytes.push(0xfe, 0x01, 2, 0, 0x1a); // memory.atomic.wait32, drop
  return to;
}
