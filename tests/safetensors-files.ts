import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { sizeOf } from "../src/tensors/named-array.js";
import { type Random, random } from "../src/tensors/random.js";
import type { SafetensorsFile } from "../src/tensors/safetensors.js";
import { dtypes, elementBits } from "../src/tensors/stored-tensor.js";

/** A file whose expected values PyTorch computed. */
export const reference = (name: "ntm" | "nsm"): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, "reference", `${name}-reference.safetensors`)));

const names = fc.oneof(
  fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__"),
  fc.constantFrom("__proto__", "constructor", "", "0", "1", "\ufeff", "\uffff", "\u{10000}", '"\\\n'),
);
const tensor = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }))
  .map(([dtype, lengths]) => ({ dtype, shape: elementBits[dtype] % 8 === 0 ? lengths : [...lengths, 4] }))
  .chain(({ dtype, shape }) => {
    const length = (sizeOf(shape) * elementBits[dtype]) / 8;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ dtype, shape, bytes }));
  });
/** What a file may hold: every type, odd shapes, names and texts. */
export const content: fc.Arbitrary<SafetensorsFile> = fc.record({
  metadata: fc.array(fc.tuple(names, fc.string({ unit: "binary" })), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  tensors: fc.array(fc.tuple(names, tensor), { maxLength: 5 }).map((pairs) => new Map(pairs)),
});

/** A safetensors file of a header's text or bytes and data (or that many zeros), whatever they say. */
export function fileOf(header: string | Uint8Array, data: Uint8Array | number = 0): Uint8Array {
  const head = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + head.length + body.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  file.set(body, 8 + head.length);
  return file;
}

/** Ways to damage a file, each from a seeded source of random numbers. */
export const mutations: Record<string, (file: Uint8Array, source: Random) => Uint8Array> = {
  "bits flipped": (file, source) => {
    const damaged = file.slice();
    const end = source.uniform() < 0.7 ? headerEnd(file) : file.length; // most of them where they can hurt
    for (let flips = source.integer(1, 4); flips > 0; flips--) {
      const at = source.integer(0, end - 1);
      damaged[at] = (damaged[at] as number) ^ (1 << source.integer(0, 7));
    }
    return damaged;
  },
  truncated: (file, source) => file.slice(0, source.integer(0, file.length - 1)),
  spliced: (file, source) => {
    const [from, to] = [source.integer(0, file.length), source.integer(0, file.length)];
    const piece = file.subarray(from, Math.min(file.length, from + source.integer(0, 40)));
    const rest = file.subarray(source.uniform() < 0.5 ? to : Math.min(file.length, to + piece.length));
    return new Uint8Array([...file.subarray(0, to), ...piece, ...rest]);
  },
  "header length changed": (file, source) => {
    const damaged = file.slice();
    const length = headerEnd(file) - 8;
    const near = BigInt(Math.max(0, length + source.integer(-9, 9)));
    const odd = [near, near, 0n, 1n, 99_999_999n, 100_000_001n, 2n ** 32n, 2n ** 32n + BigInt(length), 2n ** 63n];
    const others = [...odd, 2n ** 64n - 1n, 2n ** 64n - 8n, BigInt(file.length - 8), BigInt(file.length)];
    new DataView(damaged.buffer).setBigUint64(0, others[source.integer(0, others.length - 1)] as bigint, true);
    return damaged;
  },
  "header tokens edited": (file, source) => {
    const end = headerEnd(file);
    const tokens = new TextDecoder().decode(file.subarray(8, end)).match(/"[^"]*"|\d+|[^"\d]/g) ?? [];
    for (let edits = source.integer(1, 3); edits > 0; edits--) {
      const at = source.integer(0, tokens.length - 1);
      const other = tokens[source.integer(0, tokens.length - 1)] as string;
      const number = Number(tokens[at]);
      const near = String(number + source.integer(-4, 4));
      const choices = [
        [],
        [other],
        [tokens[at] as string, other],
        [oddTokens[source.integer(0, oddTokens.length - 1)]],
      ];
      const edit = Number.isNaN(number) || source.uniform() < 0.5 ? choices[source.integer(0, 3)] : [near];
      tokens.splice(at, 1, ...(edit as string[]));
    }
    return fileOf(tokens.join(""), file.subarray(end));
  },
};

const oddTokens = [
  ...["0", "-0", "1.0", "1e3", "01", "9007199254740991", "9007199254740992", "18446744073709551615", "-1", "NaN"],
  ...["null", "true", "[]", "{}", "[[]]", '""', '"F32"', '"F4"', '"I64"', '"f32"', '"__proto__"', '"__metadata__"'],
  ...['"\\ud800"', '"\\u0064type"', '"dtype"', '"shape"', '"data_offsets"', " ", "\n", "\t", "\u0000", "\ufeff", ","],
  ...[
    '"a\u202eb\n"',
    "// no comment",
    "[".repeat(100),
    '{"a":'.repeat(100),
    "{}{}",
    "é",
    "😀",
    '"',
    "\\",
    "'",
    "]",
    "}",
  ],
];

/** `count` damaged files, cycling through the originals and the ways to damage them; one seed, one sequence. */
export function* mutatedFiles(
  originals: readonly Uint8Array[],
  count: number,
  seed: number,
): Generator<{ way: string; file: Uint8Array }> {
  const source = random(seed);
  const ways = Object.keys(mutations);
  for (let index = 0; index < count; index++) {
    const way = ways[index % ways.length] as string;
    const original = originals[Math.floor(index / ways.length) % originals.length] as Uint8Array;
    const mutate = mutations[way] as (typeof mutations)[string];
    yield { way, file: mutate(original, source) };
  }
}

function headerEnd(file: Uint8Array): number {
  return 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
}
