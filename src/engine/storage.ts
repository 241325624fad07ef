import { NotRecordable } from "./recorded-kernel.js";

/** A memory, and what is taken of it. Addresses and lengths are in bytes. */
export interface Storage {
  readonly memory: WebAssembly.Memory;
  /** Storage that stays; give it back with `release`. @throws NotRecordable where there is not as much */
  readonly reserve: (bytes: number) => number;
  readonly release: (address: number) => void;
  /** Storage that programs use one after the other, of at least so many bytes: its address, which may change when asked. */
  readonly scratch: (bytes: number) => number;
}

const page = 65536;
const firstPages = 16;
/** 4 GiB, WebAssembly's limit. */
export const mostPages = 65536;
const slack = 256; // a vector may be read a little beyond what is stored

const full = (bytes: number): NotRecordable =>
  new NotRecordable(`The engine would need ${(bytes / 2 ** 30).toFixed(1)} GiB of memory; it cannot have as much.`);

/** @param shared whether several threads work in it */
export function newStorage(shared: boolean): Storage {
  const memory = new WebAssembly.Memory({ initial: firstPages, maximum: mostPages, shared });
  // To V8, shared memory is no reason to collect garbage. As much that is not, and that nobody touches, stands for it.
  const ballast = () => (shared ? new WebAssembly.Memory({ initial: memory.buffer.byteLength / page }) : undefined);
  const held = { ballast: ballast() };
  const blocks = new Map<number, number>(); // reserved storage: address and length
  let scratch = { address: 0, bytes: 0 };

  /** The first hole that is large enough. */
  function reserve(bytes: number): number {
    const length = Math.ceil((bytes + slack) / 64) * 64;
    let at = 64;
    for (const [address, taken] of [...blocks].sort(([a], [b]) => a - b)) {
      if (address - at >= length) break;
      at = address + taken;
    }
    const missing = Math.ceil((at + length) / page) - memory.buffer.byteLength / page;
    if (missing > 0) {
      if (missing > mostPages - memory.buffer.byteLength / page) throw full(at + length);
      try {
        memory.grow(missing);
      } catch {
        throw full(at + length);
      }
      held.ballast = ballast();
    }
    blocks.set(at, length);
    return at;
  }

  return {
    memory,
    reserve,
    release: (address) => blocks.delete(address),
    scratch(bytes) {
      if (bytes > scratch.bytes) {
        const length = blocks.get(scratch.address);
        blocks.delete(scratch.address);
        try {
          scratch = { address: reserve(bytes), bytes };
        } catch (error) {
          if (length !== undefined) blocks.set(scratch.address, length); // programs go on using what there was
          throw error;
        }
      }
      return scratch.address;
    },
  };
}
