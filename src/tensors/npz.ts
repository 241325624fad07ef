import { inflateSync } from "fflate";
import { crc32 } from "./crc32.js";
import { quoted } from "./quoted.js";

/** An archive's files may take at most this many bytes in all when unpacked: 1 GiB. */
const mostBytes = 2 ** 30;

/** Deflate makes at most 1032 bytes out of one: who claims more is lying. */
const mostExpansion = 1032;

const otherwise = "the archive is damaged, or was cut off";

/** A file in the archive, as the directory at its end describes it. */
interface Packed {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

/** Whether the bytes begin as a zip archive does, be it an empty one: "PK" and 3, 4 or 5, 6. */
export function isZip(bytes: Uint8Array): boolean {
  const [first, second, third = 0, fourth] = bytes;
  return first === 0x50 && second === 0x4b && (third === 3 || third === 5) && fourth === third + 1;
}

/**
 * The files of an archive that NumPy saved (.npz: a zip of .npy files, stored or deflated), unpacked, by array name.
 *
 * What the directory claims is checked before anything is unpacked, and every file's checksum afterwards.
 *
 * @throws an Error of one line if the archive is damaged, encrypted, split or zip64, holds anything but .npy files, a name
 * twice, or more than 1 GiB; the caller adds the file's name.
 */
export function readNpz(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = directoryOf(bytes);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > mostBytes) {
    throw new Error(
      `The archive unpacks to ${total} bytes, but at most ${mostBytes} are read; save fewer arrays in it.`,
    );
  }
  const unpacked = new Map<string, Uint8Array>();
  for (const file of files) {
    const name = /^(.+)\.npy$/su.exec(file.name)?.[1];
    if (name === undefined) {
      throw new Error(`The archive holds ${quoted(file.name)}, but only .npy files are read; save it by np.savez.`);
    }
    if (unpacked.has(name)) throw new Error(`The archive holds ${quoted(file.name)} twice; save it again.`);
    unpacked.set(name, unpack(bytes, file));
  }
  return unpacked;
}

/** The directory's entries. They, not the copies before each file, are what zip readers go by. */
function directoryOf(bytes: Uint8Array): Packed[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOfDirectory(view);
  const [disk, count, start] = [
    view.getUint32(end + 4, true),
    view.getUint16(end + 10, true),
    view.getUint32(end + 16, true),
  ];
  if (disk !== 0 || count === 0xffff || start === 0xffffffff) {
    throw new Error("The archive is split or of zip64, which is not read; save fewer arrays in it.");
  }
  const files: Packed[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    const { file, next } = entryAt(bytes, at, end);
    files.push(file);
    at = next;
  }
  if (at !== end) throw new Error(`The directory is longer than its ${count} files; ${otherwise}.`);
  return files;
}

/** The directory's entry at a place, and where the next begins. @throws if what it claims cannot be, or is not read. */
function entryAt(bytes: Uint8Array, at: number, end: number): { file: Packed; next: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50)
    throw new Error(`The directory has a gap; ${otherwise}.`);
  const nameEnd = at + 46 + view.getUint16(at + 28, true);
  const next = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true); // an extra field, a comment
  if (next > end) throw new Error(`The directory is too short; ${otherwise}.`);
  const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at + 46, nameEnd));
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const [checksum, packed, size] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true)) as [
    number,
    number,
    number,
  ];
  if (flags & 1) throw new Error(`${quoted(name)} is encrypted; save it without a password.`);
  if (method !== 0 && method !== 8) {
    throw new Error(`${quoted(name)} is packed by method ${method}, but only 0 and 8 are read; use np.savez.`);
  }
  if (method === 0 ? size !== packed : size > packed * mostExpansion) {
    throw new Error(`${quoted(name)} claims ${size} bytes out of ${packed}; ${otherwise}.`);
  }
  return { file: { name, method, checksum, packed, size, at: view.getUint32(at + 42, true) }, next };
}

/** Where the record begins that ends the directory; behind it stands at most a comment of known length. */
function endOfDirectory(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) === 0x06054b50 && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw new Error(`The archive has no directory at its end; ${otherwise}.`);
}

function unpack(bytes: Uint8Array, { name, method, checksum, packed, size, at }: Packed): Uint8Array {
  const damaged = new Error(`${quoted(name)} cannot be unpacked; ${otherwise}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 30 > bytes.length || view.getUint32(at, true) !== 0x04034b50) throw damaged;
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + packed > bytes.length) throw damaged;
  let result = bytes.subarray(start, start + packed);
  if (method === 8) {
    try {
      result = inflateSync(result, { out: new Uint8Array(size) }); // never writes beyond `size`
    } catch {
      throw damaged;
    }
  }
  if (result.length !== size || crc32(result) !== checksum) throw damaged;
  return result;
}
