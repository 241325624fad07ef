import { describe, expect, test } from "vitest";
import { readSafetensors, toFloat32, writeSafetensors } from "../../src/tensors/safetensors.js";
import { fileOf, reference } from "../safetensors-files.js";

const entry = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
const one = (dtype: string, shape: string, offsets: string): string => `{"a":${entry(dtype, shape, offsets)}}`;

/** The message with which a file is refused. */
function refused(file: Uint8Array): string {
  try {
    readSafetensors(file);
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    expect((error as Error).message).toMatch(/^[^\p{C}]{1,500}\.$/u);
    return (error as Error).message;
  }
  throw new Error("The file was read.");
}

/** A file with one tensor "a", or why it is refused. */
const refusedOne = (dtype: string, shape: string, offsets: string, data = 0): string =>
  refused(fileOf(one(dtype, shape, offsets), data));

describe("readSafetensors, of the first 8 bytes,", () => {
  test("refuses fewer than 8 bytes", () => {
    for (const length of [0, 1, 7]) {
      expect(refused(new Uint8Array(length))).toContain(`takes 8 bytes, but only ${length} were given`);
    }
  });

  test("refuses a header beyond 100 MB, reading all 64 bits without a sign", () => {
    const claims: [bigint, string][] = [
      [100_000_001n, "claims 100000001 bytes, but at most 100000000 are read"],
      [2n ** 32n + 2n, "claims 4294967298 bytes, but at most 100000000"],
      [2n ** 63n, "claims 9223372036854775808 bytes, but at most"],
      [2n ** 64n - 1n, "claims 18446744073709551615 bytes, but at most"],
    ];
    for (const [claim, message] of claims) {
      const file = fileOf("{}");
      new DataView(file.buffer).setBigUint64(0, claim, true);
      expect(refused(file)).toContain(message);
    }
  });

  test("refuses a header that does not end within the file", () => {
    expect(refused(fileOf("{}").subarray(0, 9))).toContain("claims 2 bytes, but only 1 follow");
    const file = fileOf("{}");
    new DataView(file.buffer).setBigUint64(0, 100_000_000n, true);
    expect(refused(file)).toContain("claims 100000000 bytes, but only 2 follow");
  });
});

describe("readSafetensors, of the header's text,", () => {
  test("refuses what is not UTF-8", () => {
    for (const wrong of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(refused(fileOf(new Uint8Array([0x7b, 0x22, ...wrong, 0x22, 0x7d])))).toContain("not UTF-8");
    }
  });

  test("refuses a byte-order mark", () => {
    expect(refused(fileOf("\ufeff{}"))).toContain("byte-order mark");
  });

  test("refuses anything but an object that starts with the first byte", () => {
    expect(refused(fileOf(""))).toContain('The header is empty, but must start with "{"');
    expect(refused(fileOf(" {}"))).toContain('The header starts with " ", but must start with "{"');
    expect(refused(fileOf("[]"))).toContain('starts with "["');
    expect(refused(fileOf("null"))).toContain('starts with "n"');
  });

  test("refuses anything but white space behind the object", () => {
    expect(readSafetensors(fileOf("{} \n\r\t "))).toEqual({ metadata: new Map(), tensors: new Map() });
    expect(refused(fileOf("{}\u0000"))).toContain('The header has "\\u{0}" where the end was expected');
    expect(refused(fileOf("{}{}"))).toContain("where the end was expected");
  });

  test("refuses to nest without bound", () => {
    expect(refused(fileOf(`{"a":${"[".repeat(1e6)}`))).toContain("The header nests deeper than");
  });

  test("refuses a key given twice at every level, also one spelled with escapes", () => {
    const empty = entry("U8", "[0]", "[0,0]");
    expect(refused(fileOf(`{"a":${empty},"a":${empty}}`))).toContain('gives the key "a" twice');
    expect(refused(fileOf(`{"a":${empty},"\\u0061":${empty}}`))).toContain('gives the key "a" twice');
    expect(refused(fileOf('{"__metadata__":{},"__metadata__":{}}'))).toContain('gives the key "__metadata__" twice');
    expect(refused(fileOf('{"__metadata__":{"k":"1","k":"2"}}'))).toContain('gives the key "k" twice');
    expect(refused(fileOf(`{"a":${empty.replace("{", '{"dtype":"U8",')}}`))).toContain('gives the key "dtype" twice');
  });

  test("refuses numbers that are not plain digits up to 2^53 − 1", () => {
    for (const number of ["1.0", "1e0", "-0", "-1", "01", "+1", "9007199254740992", "18446744073709551617"]) {
      expect(refusedOne("U8", `[${number}]`, "[0,1]", 1)).toContain("plain digits from 0 to 9007199254740991");
      expect(refusedOne("U8", "[1]", `[0,${number}]`, 1)).toContain("plain digits from 0 to 9007199254740991");
    }
  });
});

describe("readSafetensors, of a tensor's entry,", () => {
  test("refuses what is no object", () => {
    for (const [value, given] of [
      ["null", "null"],
      ["1", "1"],
      ['"x"', 'the string "x"'],
      ['["U8",[0],[0,0]]', "an array that holds something else"],
    ]) {
      const wanted = "its entry must be an object with exactly dtype, shape, data_offsets";
      expect(refused(fileOf(`{"a":${value}}`))).toBe(`Tensor "a": ${wanted}, but is ${given}.`);
    }
  });

  test("refuses unknown and missing fields", () => {
    const whole = Object.entries({ dtype: '"U8"', shape: "[0]", data_offsets: "[0,0]" });
    const file = (members: [string, string][]): Uint8Array =>
      fileOf(`{"a":{${members.map(([key, value]) => `"${key}":${value}`).join(",")}}}`);
    expect(readSafetensors(file(whole)).tensors.size).toBe(1);
    expect(refused(file([...whole, ["extra", "0"]]))).toContain('but has "extra" too');
    expect(refused(file([...whole, ["__proto__", "{}"]]))).toContain('but has "__proto__" too');
    for (const [field] of whole) {
      expect(refused(file(whole.filter(([key]) => key !== field)))).toContain(`but lacks ${field}`);
    }
  });

  test("refuses an unknown type, also one that an object inherits, listing the types", () => {
    for (const dtype of ["F7", "f32", "", "constructor", "__proto__", "toString"]) {
      expect(refusedOne(dtype, "[0]", "[0,0]")).toContain(`the type "${dtype}" is unknown; the types are BOOL, F4,`);
    }
    expect(refused(fileOf('{"a":{"dtype":1,"shape":[],"data_offsets":[0,1]}}', 1))).toContain("dtype must be a string");
  });

  test("refuses a shape that is no array of whole numbers", () => {
    for (const shape of ["1", "null", "{}", '["1"]', "[null]", "[[1]]"]) {
      expect(refusedOne("U8", shape, "[0,1]", 1)).toContain("shape must be an array of whole numbers, but is ");
    }
  });

  test("refuses anything but exactly two offsets", () => {
    for (const offsets of ["[]", "[0]", "[0,1,1]", "1", "null", '["0","1"]', "[[0,1]]", "{}"]) {
      expect(refusedOne("U8", "[1]", offsets, 1)).toContain("data_offsets must be an array of two whole numbers");
    }
  });

  test("refuses offsets that run backwards or beyond the file", () => {
    expect(refusedOne("U8", "[1]", "[1,0]", 1)).toContain("data_offsets 1 to 0 run backwards");
    expect(refusedOne("U8", "[2]", "[0,2]", 1)).toContain("ends at byte 2 of the data, but the file has 1");
  });

  test("refuses a shape whose bytes are not those between the offsets", () => {
    expect(refusedOne("F32", "[2,3]", "[0,23]", 23)).toContain("hold 23 bytes, but its type and shape take 24");
    expect(refusedOne("F32", "[]", "[0,0]")).toContain("hold 0 bytes, but its type and shape take 4");
    expect(refusedOne("F64", "[0,7]", "[0,8]", 8)).toContain("hold 8 bytes, but its type and shape take 0");
  });

  test("refuses a shape that overflows, even where the wrapped product would fit or a zero makes it empty", () => {
    const wrapping = ["[4294967296,4294967296]", "[9007199254740991,2]", "[134217728,134217728]"];
    for (const shape of [
      ...wrapping,
      "[9007199254740991,9007199254740991,0]",
      "[0,9007199254740991,9007199254740991]",
    ]) {
      expect(refusedOne("U8", shape, "[0,0]")).toContain("is too large to count in 53 bits");
    }
    expect(refusedOne("U8", `[${Array(5000).fill(2)}]`, "[0,0]")).toContain("[2, 2, 2, 2, 2, 2, 2, 2, …] is too large");
  });

  test("refuses elements below a byte that fill no whole number of bytes", () => {
    expect(refusedOne("F4", "[3]", "[0,2]", 2)).toContain("takes 12 bits, but must fill whole bytes");
    expect(refusedOne("F6_E2M3", "[2]", "[0,2]", 2)).toContain("takes 12 bits");
    expect(readSafetensors(fileOf(one("F4", "[2,3]", "[0,3]"), 3)).tensors.get("a")?.bytes).toHaveLength(3);
    expect(readSafetensors(fileOf(one("F6_E3M2", "[4]", "[0,3]"), 3)).tensors.get("a")?.bytes).toHaveLength(3);
  });
});

test("readSafetensors refuses metadata that is not string to string", () => {
  for (const value of ["null", "[]", '"x"', "1"]) {
    expect(refused(fileOf(`{"__metadata__":${value}}`))).toContain(
      "__metadata__ must be an object of strings, but is ",
    );
  }
  for (const value of ["null", "[]", "{}", "1", "true"]) {
    expect(refused(fileOf(`{"__metadata__":{"k":${value}}}`))).toContain('must hold strings, but its "k" is ');
  }
  expect(readSafetensors(fileOf('{"__metadata__":{"k":"v","":""}}')).metadata).toEqual(
    new Map(Object.entries({ k: "v", "": "" })),
  );
});

describe("readSafetensors, of the tensors together,", () => {
  const two = (first: string, second: string): string =>
    `{"b":${entry("U8", "[2]", second)},"a":${entry("U8", "[2]", first)}}`;

  test("reads them in the header's order, whatever the order of their data", () => {
    const { tensors } = readSafetensors(fileOf(two("[0,2]", "[2,4]"), Uint8Array.of(1, 2, 3, 4)));
    expect([...tensors].map(([name, { bytes }]) => [name, bytes])).toEqual(
      Object.entries({ b: Uint8Array.of(3, 4), a: Uint8Array.of(1, 2) }),
    );
  });

  test("refuses a hole at the start or between them", () => {
    expect(refusedOne("U8", "[1]", "[1,2]", 2)).toContain(
      "starts at byte 1 and leaves a hole after what ends at byte 0",
    );
    expect(refused(fileOf(two("[0,2]", "[3,5]"), 5))).toContain(
      'Tensor "b": its data starts at byte 3 and leaves a hole',
    );
  });

  test("refuses an overlap, also of equal ranges and of an empty tensor inside another", () => {
    expect(refused(fileOf(two("[0,2]", "[1,3]"), 3))).toContain('Tensor "b": its data starts at byte 1 and overlaps');
    expect(refused(fileOf(two("[0,2]", "[0,2]"), 2))).toContain("starts at byte 0 and overlaps what ends at byte 2");
    const inside = `{"a":${entry("U8", "[2]", "[0,2]")},"b":${entry("U8", "[0]", "[1,1]")}}`;
    expect(refused(fileOf(inside, 2))).toContain('Tensor "b": its data starts at byte 1 and overlaps');
  });

  test("refuses bytes behind the last of them", () => {
    expect(refused(fileOf(two("[0,2]", "[2,4]"), 5))).toContain("end at byte 4 of the data, but the file has 5");
    expect(refused(fileOf("{}", 1))).toContain("end at byte 0 of the data, but the file has 1");
  });
});

describe("readSafetensors reads as legal", () => {
  test("scalars, and empty tensors wherever they lie", () => {
    const [scalar, empty] = [entry("F32", "[]", "[0,4]"), entry("F32", "[3,0]", "[4,4]")];
    const header = `{"after":${empty},"scalar":${scalar},"before":${entry("I64", "[0]", "[0,0]")}}`;
    const { tensors } = readSafetensors(fileOf(header, Uint8Array.of(0, 0, 128, 63)));
    expect(toFloat32("scalar", tensors.get("scalar") as never)).toEqual(Float32Array.of(1));
    expect(tensors.get("after")).toEqual({ dtype: "F32", shape: [3, 0], bytes: new Uint8Array(0) });
    expect(tensors.get("before")?.shape).toEqual([0]);
  });

  test("tensors at unaligned offsets, in a file at an unaligned offset of a larger buffer, without a copy", () => {
    const header = `{"byte":${entry("U8", "[1]", "[0,1]")},"f":${entry("F64", "[1]", "[1,9]")}}`;
    const file = fileOf(header, new Uint8Array([7, ...new Uint8Array(Float64Array.of(0.5).buffer)]));
    for (let shift = 0; shift < 8; shift++) {
      const buffer = new Uint8Array(file.length + shift + 3);
      buffer.set(file, shift);
      const tensor = readSafetensors(buffer.subarray(shift, shift + file.length)).tensors.get("f");
      expect(toFloat32("f", tensor as never)).toEqual(Float32Array.of(0.5));
      expect(tensor?.bytes.buffer).toBe(buffer.buffer);
    }
  });

  test("names that an object would inherit, empty ones and those of any Unicode character", () => {
    for (const name of [
      "__proto__",
      "constructor",
      "",
      "0",
      "é",
      "😀",
      "\u0000",
      "\n",
      '"',
      "\u2028",
      "x".repeat(1e5),
    ]) {
      const { tensors } = readSafetensors(fileOf(`{${JSON.stringify(name)}:${entry("U8", "[1]", "[0,1]")}}`, 1));
      expect([...tensors.keys()]).toEqual([name]);
    }
  });

  test("the reference files, and again after writing them", () => {
    for (const [name, count] of [["ntm", 33] as const, ["nsm", 23] as const]) {
      const file = readSafetensors(reference(name));
      expect(file.tensors.size).toBe(count);
      expect(file.metadata.get("model")).toContain(name);
      expect(readSafetensors(writeSafetensors(file))).toEqual(file);
    }
  });
});
