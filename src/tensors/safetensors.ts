import { compareText, type Entry, longestHeader, readHeader, writeHeader } from "./safetensors-header.js";
import { checkBytes, dtypes, type StoredTensor } from "./stored-tensor.js";

export { type Dtype, fromFloat32, type StoredTensor, toFloat32 } from "./stored-tensor.js";

/** What a safetensors file holds: texts by key, tensors by name. Any name is legal except "__metadata__". */
export interface SafetensorsFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Read a safetensors file strictly: what the format does not promise is refused before any tensor is touched.
 *
 * Nothing is copied: the tensors' bytes are views of `bytes`, at any alignment. They come in the header's order.
 *
 * @throws an Error of one line that says what was met and what is expected; the caller adds the file's name.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const dataStart = 8 + readHeaderLength(bytes);
  const part = (start: number, end: number): Uint8Array =>
    new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
  const { metadata, entries } = readHeader(part(8, dataStart), bytes.length - dataStart);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, start, end } of entries) {
    tensors.set(name, { dtype, shape, bytes: part(dataStart + start, dataStart + end) });
  }
  return { metadata, tensors };
}

/** The first 8 bytes as a whole number, little-endian. @throws if they are missing or it is more than can be read. */
function readHeaderLength(bytes: Uint8Array): number {
  const otherwise = "the file was cut off, or is no safetensors file";
  if (bytes.length < 8) {
    throw new Error(`The length of the header takes 8 bytes, but only ${bytes.length} were given; ${otherwise}.`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > longestHeader) {
    throw new Error(`The header claims ${length} bytes, but at most ${longestHeader} are read; ${otherwise}.`);
  }
  if (length > bytes.length - 8) {
    throw new Error(`The header claims ${length} bytes, but only ${bytes.length - 8} follow; ${otherwise}.`);
  }
  return Number(length);
}

/**
 * Write a safetensors file. Equal content gives equal bytes, whatever the order of the maps: tensors are ordered by
 * type, widest first, then by name, and so all of them are aligned; metadata is ordered by key. The reference
 * implementation writes the same bytes, but for the order of its metadata, which is random.
 *
 * @throws if a tensor's bytes do not fit its type and shape, a tensor is named "__metadata__", a text is not Unicode,
 * or the header would be larger than a reader accepts.
 */
export function writeSafetensors(file: SafetensorsFile): Uint8Array {
  for (const [name, tensor] of file.tensors) checkBytes(name, tensor);
  const tensors = [...file.tensors].sort(
    ([a, one], [b, other]) => dtypes.indexOf(other.dtype) - dtypes.indexOf(one.dtype) || compareText(a, b),
  );
  const entries: Entry[] = [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    entries.push({ name, dtype, shape, start: end, end: end + bytes.length });
    end += bytes.length;
  }
  const header = writeHeader({ metadata: file.metadata, entries });
  const dataStart = 8 + header.length;
  const written = new Uint8Array(dataStart + end);
  new DataView(written.buffer).setBigUint64(0, BigInt(header.length), true);
  written.set(header, 8);
  tensors.forEach(([, { bytes }], index) => {
    written.set(bytes, dataStart + (entries[index] as Entry).start);
  });
  return written;
}
