import { stridesOf } from "./named-array.js";
import { quoted } from "./quoted.js";
import { byteLength, type Dtype, elementBits, type StoredTensor } from "./stored-tensor.js";

/** The first six bytes of every .npy file: "\x93NUMPY". */
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's names of the types that are read. */
const types: Readonly<Record<string, Dtype>> = {
  ...{ f2: "F16", f4: "F32", f8: "F64", b1: "BOOL" },
  ...{ i1: "I8", i2: "I16", i4: "I32", i8: "I64", u1: "U8", u2: "U16", u4: "U32", u8: "U64" },
};

/** The longest header in bytes, as in NumPy. */
const longestHeader = 10_000;

const advice = 'save it as numbers: np.save(path, array.astype("float32"))';

/** Whether the bytes begin as a .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/**
 * Read an array that NumPy saved (format 1.0 to 3.0, numpy.lib.format), strictly: nothing in it is ever evaluated.
 *
 * Read are floats of 2, 4 and 8 bytes, whole numbers of 1 to 8 bytes and booleans, of either byte order, in C or Fortran
 * order. The result is row-major and little-endian: a view of `bytes` where the file is so, else a copy.
 *
 * @throws an Error of one line that says what was met and what is expected; the caller adds the file's name.
 */
export function readNpy(bytes: Uint8Array): StoredTensor {
  if (!isNpy(bytes))
    throw new Error("The array does not start as a .npy file; it is damaged, or another kind of file.");
  const { header, dataStart } = headerOf(bytes);
  const { descr, fortran, shape } = parseHeader(header);
  const [, order, type] = /^([<>|])([a-z]\d)$/.exec(descr) ?? [];
  const dtype = type === undefined ? undefined : types[type];
  if (!dtype || (order === "|" && elementBits[dtype] > 8)) {
    const what = /O/.test(descr) ? `${quoted(descr)}, Python objects` : quoted(descr);
    throw new Error(`The array's type is ${what}, but only ${Object.keys(types).join(", ")} are read; ${advice}.`);
  }
  const needed = byteLength("array", dtype, shape);
  if (bytes.length - dataStart !== needed) {
    const given = `${bytes.length - dataStart} bytes follow the header`;
    throw new Error(`The array of shape [${shape}] and type ${descr} takes ${needed} bytes, but ${given}.`);
  }
  const data = bytes.subarray(dataStart);
  const width = elementBits[dtype] / 8;
  const turned = order === ">" && width > 1;
  const reordered = fortran && shape.length > 1;
  return { dtype, shape, bytes: turned || reordered ? arranged(data, width, shape, fortran, turned) : data };
}

/** The header's text and where the data begins. */
function headerOf(bytes: Uint8Array): { header: string; dataStart: number } {
  const [major, minor] = bytes.subarray(6, 8);
  if (major === undefined || minor !== 0 || major < 1 || major > 3) {
    throw new Error(`The array is of format ${major}.${minor}, but only 1.0, 2.0 and 3.0 are read; save it again.`);
  }
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw new Error("The array ends within its header; it was cut off.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > longestHeader) {
    throw new Error(`The header claims ${length} bytes, but at most ${longestHeader} are read; ${advice}.`);
  }
  if (start + length > bytes.length) {
    throw new Error(`The header claims ${length} bytes, but only ${bytes.length - start} follow; it was cut off.`);
  }
  const header = String.fromCharCode(...bytes.subarray(start, start + length)); // what we read of it is ASCII
  return { header, dataStart: start + length };
}

/** One `'key': value` of the Python dictionary: a string, True or False, or a tuple of whole numbers. */
const member = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([\d\s,]*)\))\s*(,|(?=\}))/y;

/** A tuple's inside: nothing, "3," or "2, 3" with or without a comma at the end, but not "3", which is no tuple. */
const tuple = /^\s*(?:\d+\s*,\s*(?:\d+\s*(?:,\s*\d+\s*)*(?:,\s*)?)?)?$/;

function parseHeader(text: string): { descr: string; fortran: boolean; shape: number[] } {
  if (/^\s*\{[^}]*['"]descr['"]\s*:\s*\[/.test(text)) {
    throw new Error(`The array is structured, with named fields; save each field as an array of its own.`);
  }
  const wrong = new Error(
    `The header ${quoted(text)} is not a dictionary of descr, fortran_order and shape, as NumPy writes it.`,
  );
  const start = /^\s*\{/.exec(text);
  if (!start) throw wrong;
  const found = new Map<string, string>();
  let end = start[0].length;
  for (member.lastIndex = end; ; end = member.lastIndex) {
    const match = member.exec(text);
    if (!match) break;
    const [, , key, , string, boolean, numbers] = match;
    const kind = string !== undefined ? "descr" : boolean !== undefined ? "fortran_order" : "shape";
    if (key !== kind || found.has(kind)) throw wrong;
    found.set(kind, (string ?? boolean ?? numbers) as string);
  }
  const [descr, order, lengths] = ["descr", "fortran_order", "shape"].map((key) => found.get(key));
  if (descr === undefined || order === undefined || lengths === undefined) throw wrong;
  if (!tuple.test(lengths) || !/^\s*\}\s*$/.test(text.slice(end))) throw wrong;
  const shape = (lengths.match(/\d+/g) ?? []).map(Number);
  return { descr, fortran: order === "True", shape };
}

/** The same elements in row-major order and little-endian. */
function arranged(
  data: Uint8Array,
  width: number,
  shape: readonly number[],
  fortran: boolean,
  turned: boolean,
): Uint8Array {
  const strides = fortran ? stridesOf([...shape].reverse()).reverse() : stridesOf(shape);
  const result = new Uint8Array(data.length);
  const counter = shape.map(() => 0);
  let from = 0; // the element's place in the file, of which `to` is the place in the result
  for (let to = 0; to < data.length; to += width) {
    for (let byte = 0; byte < width; byte++) {
      result[to + byte] = data[from * width + (turned ? width - 1 - byte : byte)] as number;
    }
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      counter[axis] = (counter[axis] as number) + 1;
      from += strides[axis] as number;
      if ((counter[axis] as number) < (shape[axis] as number)) break;
      from -= (strides[axis] as number) * (shape[axis] as number);
      counter[axis] = 0;
    }
  }
  return result;
}
