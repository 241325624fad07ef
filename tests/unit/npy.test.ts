import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import { loadArrays } from "../../src/files/load-arrays.js";
import { readArrays } from "../../src/tensors/array-file.js";
import { readNpy } from "../../src/tensors/npy.js";
import { random } from "../../src/tensors/random.js";
import { readSafetensors, toFloat32 } from "../../src/tensors/safetensors.js";
import { seed, times } from "../repeat.mjs";
import { mutations } from "../safetensors-files.js";

const folder = join(import.meta.dirname, "..", "reference", "arrays");
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
const expected = readSafetensors(bytesOf("expected.safetensors")).tensors;
const files = [...new Set([...expected.keys()].map((key) => key.split(": ")[0] as string))];

const scratch = mkdtempSync(join(tmpdir(), "tapescope-arrays-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A .npy file of a header's text and data, or that many zeros. */
function npy(header: string, data: number | Uint8Array = 0, version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  return Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...text, ...body);
}
const dict = (descr: string, order: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

/** The one-line message with which bytes are refused. */
function refused(bytes: Uint8Array): string {
  try {
    readArrays(bytes, "x", []);
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    expect((error as Error).message).toMatch(/^[^\p{C}]{1,500}\.$/u);
    return (error as Error).message;
  }
  throw new Error("It was read.");
}

describe("files that NumPy and safetensors wrote", () => {
  test.each(files)("%s holds what NumPy says", async (file) => {
    const arrays = await loadArrays(join(folder, file));
    const keys = [...expected.keys()].filter((key) => key.startsWith(`${file}: `));
    expect(Object.keys(arrays).sort()).toEqual(keys.map((key) => key.slice(file.length + 2)).sort());
    for (const key of keys) {
      const { shape, data, name } = Object.entries(arrays).find(([other]) => `${file}: ${other}` === key)?.[1] ?? {};
      const wanted = expected.get(key);
      expect({ key, name, shape, data }).toEqual({
        key,
        name: key.slice(file.length + 2),
        shape: wanted?.shape,
        data: wanted && toFloat32(key, wanted),
      });
    }
  });

  test("are read in every type, byte order and memory order", () => {
    expect([...expected.keys()].filter((key) => key.startsWith("types.npz"))).toHaveLength(12 * 2 * 2);
  });

  test("keep names that objects have by themselves, and an empty archive is no array", async () => {
    expect(Object.hasOwn(await loadArrays(join(folder, "deflated.npz")), "__proto__")).toBe(true);
    expect(await loadArrays(join(folder, "none.npz"))).toEqual({});
  });

  test("have the axes that the caller names, where an array has so many", async () => {
    const arrays = await loadArrays(join(folder, "mixed.safetensors"), { axes: ["head", "query", "key"] });
    expect(arrays.attention?.axes).toEqual(["head", "query", "key"]);
    expect(arrays.ids?.axes).toEqual(["axis 0", "axis 1"]);
  });

  test.each(readdirSync(folder).filter((name) => name.startsWith("refused-")))("%s is refused, with advice", (name) => {
    expect(refused(bytesOf(name))).toMatch(/structured|Python objects|'<c16'|"<U1"|"<c16"/);
    expect(refused(bytesOf(name))).toMatch(/save (it as numbers|each field)/);
  });

  test("that are missing or damaged are refused by name", async () => {
    await expect(loadArrays(join(folder, "nothing.npy"))).rejects.toThrow(
      'nothing.npy" could not be read: there is no',
    );
    const path = join(scratch, "cut.npy");
    writeFileSync(path, bytesOf("attention.npy").subarray(0, -1));
    await expect(loadArrays(path)).rejects.toThrow("takes 96 bytes, but 95 bytes follow the header.");
  });
});

describe("the header of a .npy file", () => {
  test("may be written in any order, with either quotes and any space, and says row-major what lies so", () => {
    const ways = [
      dict("<f4", "False", "(2,)"),
      `{"shape":(2,),"descr":"<f4","fortran_order":False}`,
      `{ 'fortran_order' : True , 'shape' : ( 2 , ) , 'descr' : '<f4' , }   \n`,
    ];
    const data = Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64);
    for (const header of ways) {
      for (const version of [1, 2, 3]) {
        const read = readNpy(npy(header, data, version));
        expect(read).toEqual({ dtype: "F32", shape: [2], bytes: data });
      }
    }
  });

  test("reads shapes of any length as Python's tuples", () => {
    const read = (shape: string): readonly number[] => readNpy(npy(dict("|u1", "False", shape), 6)).shape;
    expect([read("(6,)"), read("(2, 3)"), read("(1,2,3,)")]).toEqual([[6], [2, 3], [1, 2, 3]]);
    expect(readNpy(npy(dict("|u1", "False", "()"), 1)).shape).toEqual([]);
  });

  test("is refused unless it is exactly descr, fortran_order and shape", () => {
    const wrong = [
      ...["", "{}", "[]", "{'descr': '<f4'}", dict("<f4", "False", "(2)"), dict("<f4", "false", "(2,)")],
      ...[dict("<f4", "False", "(,)"), dict("<f4", "False", "(2 3,)"), dict("<f4", "False", "(-1,)")],
      ...[dict("<f4", "False", "(2.0,)"), dict("<f4", "False", "[2]"), `${dict("<f4", "False", "(2,)")}x`],
      dict("<f4", "False", "(2,)").replace("}", "'more': True}"),
      dict("<f4", "False", "(2,)").replace("}", "'shape': (2,)}"),
      dict("<f4", "__import__('os').abort()", "(2,)"),
      "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
    ];
    for (const header of wrong)
      expect(refused(npy(header, 8))).toContain("is not a dictionary of descr, fortran_order");
  });

  test("is refused for types that are no numbers, or of no byte order", () => {
    for (const type of ["|V2", "<f16", "<c8", "|S3", "<M8[ns]", "|O", "f4", "=f4", "|f4", "constructor"]) {
      expect(refused(npy(dict(type, "False", "(2,)"), 8))).toContain(
        'save it as numbers: np.save(path, array.astype("float',
      );
    }
  });

  test("is refused where its lengths lie", () => {
    expect(refused(npy(dict("<f4", "False", "(2,)"), 9))).toContain("takes 8 bytes, but 9 bytes follow");
    expect(refused(npy(dict("<f4", "False", "(9007199254740993,)")))).toContain("whole numbers");
    expect(refused(npy(dict("<f4", "False", "(4294967296, 4294967296)")))).toContain("too large to count");
    expect(refused(npy(dict("<f4", "False", `(${"1,".repeat(9000)})`), 4))).toContain("at most 10000 are read");
    expect(refused(npy("{}", 0, 4))).toContain("of format 4.0, but only 1.0, 2.0 and 3.0");
    for (let end = 6; end < 90; end++) refused(bytesOf("attention.npy").subarray(0, end));
  });
});

describe("an archive", () => {
  const one = npy(dict("<f4", "False", "(256,)"), 1024);

  test("is read stored and deflated, whatever the names", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.constantFrom(0, 6), (names, level) => {
        const zip = zipSync(Object.fromEntries(names.map((key) => [`${key}.npy`, one])), { level: level as 0 | 6 });
        const read = readArrays(zip, "x", []);
        expect(Object.keys(read).sort()).toEqual([...names].sort());
        for (const array of Object.values(read)) expect(array.shape).toEqual([256]);
      }),
      { numRuns: 50 },
    );
  });

  test("is refused if it claims more than it may hold, before anything is unpacked", () => {
    const zip = zipSync({ "a.npy": one });
    const entry = new DataView(zip.buffer, zip.byteOffset).getUint32(zip.length - 6, true);
    const claiming = (size: number): Uint8Array => {
      const copy = zip.slice();
      new DataView(copy.buffer).setUint32(entry + 24, size, true);
      return copy;
    };
    expect(refused(claiming(4_000_000_000))).toContain("claims 4000000000 bytes out of");
    for (const size of [0, one.length - 1, one.length + 1, 5000])
      expect(refused(claiming(size))).toContain("cannot be unpacked");
    const bomb = zipSync({ "a.npy": new Uint8Array(2 ** 21) });
    const many = new DataView(bomb.buffer, bomb.byteOffset).getUint32(bomb.length - 6, true);
    const record = bomb.slice(many, bomb.length - 22);
    const big = new Uint8Array(many + record.length * 600 + 22);
    big.set(bomb.subarray(0, many));
    for (let copy = 0; copy < 600; copy++) big.set(record, many + copy * record.length);
    big.set(bomb.subarray(-22), big.length - 22);
    const view = new DataView(big.buffer);
    view.setUint16(big.length - 12, 600, true);
    view.setUint32(big.length - 10, record.length * 600, true);
    expect(refused(big)).toContain("unpacks to 1258291200 bytes, but at most 1073741824 are read");
  });

  test("is refused if a name stands twice, or anything but arrays is in it", () => {
    const zip = zipSync({ "a.npy": one, "b.npy": one }, { level: 0 });
    const text = new TextDecoder("latin1").decode(zip).replaceAll("b.npy", "a.npy");
    expect(refused(Uint8Array.from(text, (c) => c.charCodeAt(0)))).toContain('holds "a.npy" twice');
    expect(refused(zipSync({ "a.txt": one }))).toContain('holds "a.txt", but only .npy files are read');
    expect(refused(zipSync({ "a.npy": npy("{}") }))).toMatch(/^"a": The header "\{\}" is not a dictionary/);
  });

  test("is refused if any byte of an array was changed: its checksum tells", () => {
    const zip = zipSync({ "a.npy": one }, { level: 0 });
    const start = zip.length - 22 - 51 - one.length;
    fc.assert(
      fc.property(
        fc.integer({ min: start, max: start + one.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, by) => {
          const damaged = zip.slice();
          damaged[at] = (damaged[at] as number) ^ by;
          expect(refused(damaged)).toContain('"a.npy" cannot be unpacked');
        },
      ),
    );
  });
});

const count = times("damaged-files");
test(`${count} damaged files are read as what they say or refused in one short line`, {
  tags: ["damaged-files"],
}, () => {
  const source = random(seed + 7);
  const originals = ["attention.npy", "fortran-version-2.npy", "types.npz", "deflated.npz"].map(bytesOf);
  let [read, wrong] = [0, 0];
  for (let index = 0; index < count; index++) {
    const original = originals[index % originals.length] as Uint8Array;
    const damaged = original.slice();
    for (let flips = source.integer(1, 4); flips > 0; flips--) {
      // Where they can hurt: in a header or in an archive's directory.
      const at = source.uniform() < 0.5 ? source.integer(0, 127) : damaged.length - source.integer(1, 128);
      damaged[at] = (damaged[at] as number) ^ (1 << source.integer(0, 7));
    }
    const cut = source.uniform() < 0.2 ? mutations.truncated?.(damaged, source) : damaged;
    try {
      readArrays(cut as Uint8Array, "x", []);
      read++;
    } catch (error) {
      if ((error as Error).constructor !== Error) throw error;
      expect((error as Error).message).toMatch(/^[^\p{C}]{1,500}\.$/u);
      wrong++;
    }
  }
  expect(wrong).toBeGreaterThan(count / 2);
  expect(read).toBeGreaterThan(count / 20);
});
