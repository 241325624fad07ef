import { OutOfMemory } from "./recorded-kernel.js";

/** A memory, and what is taken of it. Addresses and lengths are in bytes. */
export interface Storage {
  readonly memory: WebAssembly.Memory;
  /** Storage that stays; give it back with `release`. @throws OutOfMemory where there is not as much */
  readonly reserve: (bytes: number) => number;
  readonly release: (address: number) => void;
  /** Carry out what reserves storage: if it throws, all that it reserved is given back. */
  readonly attempt: <T>(work: () => T) => T;
  /** Storage that programs use one after the other, of at least so many bytes: its address, which may change when asked. */
  readonly scratch: (bytes: number) => number;
}

const page = 65536;
const firstPages = 16;
/** 4 GiB, WebAssembly's limit. */
export const mostPages = 65536;
const slack = 256; // a vector may be read a little beyond what is stored

const full = (bytes: number): OutOfMemory =>
  new OutOfMemory(
    `With what it holds, the engine would need ${(bytes / 2 ** 30).toFixed(1)} GiB of memory; it cannot have as much.`,
  );

/** @param shared whether several threads work in it */
export function newStorage(shared: boolean): Storage {
  const memory = new WebAssembly.Memory({ initial: firstPages, maximum: mostPages, shared });
  const held = { ballast: shared ? ballast(memory) : undefined };
  const blocks: { readonly at: number; readonly length: number }[] = []; // reserved storage, by address
  let scratch = { at: 0, bytes: 0 };

  /** The first hole that is large enough. */
  function reserve(bytes: number): number {
    const length = Math.ceil((bytes + slack) / 64) * 64;
    let at = 64;
    let place = 0;
    for (; place < blocks.length; place++) {
      const block = blocks[place] as (typeof blocks)[number];
      if (block.at - at >= length) break;
      at = block.at + block.length;
    }
    const missing = Math.ceil((at + length) / page) - memory.buffer.byteLength / page;
    if (missing > 0) {
      if (missing > mostPages - memory.buffer.byteLength / page) throw full(at + length);
      try {
        memory.grow(missing);
      } catch {
        throw full(at + length);
      }
      if (shared) held.ballast = ballast(memory);
    }
    blocks.splice(place, 0, { at, length });
    return at;
  }

  function release(address: number): void {
    const place = blocks.findIndex(({ at }) => at === address);
    if (place >= 0) blocks.splice(place, 1);
  }

  return {
    memory,
    reserve,
    release,
    attempt(work) {
      const before = new Set(blocks);
      try {
        return work();
      } catch (error) {
        const kept = blocks.filter((block) => before.has(block) || block.at === scratch.at);
        blocks.splice(0, blocks.length, ...kept);
        throw error;
      }
    },
    scratch(bytes) {
      if (bytes > scratch.bytes) {
        const before = [...blocks];
        release(scratch.at);
        try {
          scratch = { at: reserve(bytes), bytes };
        } catch (error) {
          blocks.splice(0, blocks.length, ...before); // programs go on using what there was
          throw error;
        }
      }
      return scratch.at;
    },
  };
}

/**
 * To V8, shared memory is no reason to collect garbage. As much that is not, and that nobody touches, stands for it: where
 * it cannot be had, nothing is missing.
 */
function ballast({ buffer }: WebAssembly.Memory): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: buffer.byteLength / page });
  } catch {
    return undefined;
  }
}
