import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readSafetensors, type SafetensorsFile, toFloat32, writeSafetensors } from "../../src/tensors/safetensors.js";
import { limit } from "../limit.js";
import { seed, times } from "../repeat.mjs";
import { content, fileOf, mutatedFiles, reference } from "../safetensors-files.js";

const venv = join(import.meta.dirname, "..", "..", ".venv");
const python = [join(venv, "bin", "python"), join(venv, "Scripts", "python.exe")].find((path) => existsSync(path));
const folder = mkdtempSync(join(tmpdir(), "tapescope-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the reference implementation says of each file: its tensors and their bytes' digests, or null if it refuses. */
type Judgement = Record<string, [dtype: string, shape: number[], digest: string]> | null;

const judge = `
import hashlib, json, struct, sys
from safetensors import deserialize
files = open(sys.argv[1], "rb").read()
at, judgements = 0, []
while at < len(files):
    (length,) = struct.unpack_from("<Q", files, at)
    try:
        read = deserialize(files[at + 8 : at + 8 + length])
        judgements.append({n: [t["dtype"], t["shape"], hashlib.sha256(t["data"]).hexdigest()] for n, t in read})
    except Exception:
        judgements.append(None)
    at += 8 + length
json.dump(judgements, open(sys.argv[2], "w"))
`;

function run(script: string, ...paths: string[]): void {
  execFileSync(python as string, ["-c", script, ...paths.map((path) => join(folder, path))], {
    stdio: "inherit",
    timeout: limit,
  });
}

function judged(files: readonly Uint8Array[]): Judgement[] {
  const lengths = files.map((file) => new Uint8Array(BigUint64Array.of(BigInt(file.length)).buffer));
  writeFileSync(
    join(folder, "files"),
    Buffer.concat(files.flatMap((file, index) => [lengths[index] as Uint8Array, file])),
  );
  run(judge, "files", "judgements.json");
  return JSON.parse(readFileSync(join(folder, "judgements.json"), "utf8")) as Judgement[];
}

function ownJudgement({ tensors }: SafetensorsFile): Map<string, unknown> {
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  return new Map([...tensors].map(([name, { dtype, shape, bytes }]) => [name, [dtype, shape, digest(bytes)]]));
}

const asMap = (judgement: Judgement | undefined): Map<string, unknown> | null =>
  judgement ? new Map(Object.entries(judgement)) : null;

describe("beside Python's safetensors", () => {
  beforeEach(({ skip }) => {
    let missing = python === undefined;
    try {
      if (python) execFileSync(python, ["-c", "import safetensors, numpy"], { stdio: "ignore", timeout: limit });
    } catch {
      missing = true;
    }
    skip(missing, "there is no .venv with safetensors and numpy; run `npm run setup`");
  });

  test("what is written here is read there, for every type, shape, name and text", { tags: ["draws"] }, () => {
    const files = fc.sample(content, { numRuns: times("draws"), seed: seed + 1 });
    const judgements = judged(files.map(writeSafetensors));
    files.forEach((file, index) => {
      expect(asMap(judgements[index])).toEqual(ownJudgement(file));
    });
  });

  test("what is written there is read here, and written here as the same bytes", () => {
    run(
      `
import sys, numpy
from safetensors.numpy import save_file
types = "float64 float32 float16 int64 uint64 int32 uint32 int16 uint16 int8 uint8 bool complex64".split()
shapes = {"scalar": (), "row": (5,), "empty": (2, 0), "cube": (2, 3, 1)}
names = ["", "é", "\\U00010000", "\\uffff", "__proto__", '"\\\\\\n\\x00\\x1f\\x7f\\u2028']
make = lambda type, shape: numpy.arange(numpy.prod(shape)).reshape(shape).astype(type)
tensors = {f"{type} {key}": make(type, shape) for type in types for key, shape in shapes.items()}
tensors |= {name: numpy.float32([index]) for index, name in enumerate(names)}
save_file(tensors, sys.argv[1], {'a "key"\\n': "a\\ttext é\\U0001f600"})
`,
      "python.safetensors",
    );
    const bytes = new Uint8Array(readFileSync(join(folder, "python.safetensors")));
    const file = readSafetensors(bytes);
    expect(file.tensors.size).toBe(13 * 4 + 6);
    expect(file.metadata).toEqual(new Map([['a "key"\n', "a\ttext é😀"]]));
    expect(Buffer.compare(writeSafetensors(file), bytes)).toBe(0);
  });

  test("all 65,536 F16 values and F64 values of every size are the numbers that numpy makes of them", () => {
    run(
      `
import sys, numpy
from safetensors.numpy import save_file
halves = numpy.arange(65536, dtype=numpy.uint16).view(numpy.float16)
doubles = numpy.random.default_rng(3).integers(0, 2**64, 100_000, dtype=numpy.uint64)
doubles[::2] = (doubles[::2] & 0x800FFFFFFFFFFFFF) | (numpy.arange(50_000, dtype=numpy.uint64) % 300 + 870 << 52)
doubles = doubles.view(numpy.float64)
with numpy.errstate(all="ignore"):
    expected = {"F16 expected": halves.astype(numpy.float32), "F64 expected": doubles.astype(numpy.float32)}
save_file({"F16": halves, "F64": doubles, **expected}, sys.argv[1])
`,
      "floats.safetensors",
    );
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(join(folder, "floats.safetensors"))));
    for (const name of ["F16", "F64"]) {
      const [values, expected] = [name, `${name} expected`].map((key) => toFloat32(key, tensors.get(key) as never));
      const different = [...(values as Float32Array)].filter((value, index) => !Object.is(value, expected?.[index]));
      expect(values?.length).toBeGreaterThan(65_535);
      expect(different).toEqual([]);
    }
  });

  const damaged = times("damaged-files");
  test(`of ${damaged} damaged files, one that is read here is read there as the same, and refused only here on purpose`, {
    tags: ["damaged-files"],
  }, () => {
    const originals = [...fc.sample(content, { numRuns: 30, seed: 2 }).map(writeSafetensors), reference("nsm")];
    const entry = (shape: string, more = ""): string => `{"dtype":"U8","shape":${shape},"data_offsets":[0,0]${more}}`;
    const members = [
      `"a":${entry("[0]")},"a":${entry("[0]")}`,
      `"a":${entry("[0]", ',"x":1')}`,
      '"a":["U8",[0],[0,0]]',
      '"__metadata__":null',
      `"a":${entry("[0,18446744073709551615]")}`,
      `"a":${entry("[0,9007199254740991,9]")}`,
    ];
    const odd = [" {}", ...members.map((member) => `{${member}}`)];
    const files = [
      ...[...mutatedFiles(originals, damaged, seed + 7)].map(({ file }) => file),
      ...odd.map((text) => fileOf(text)),
    ];
    const judgements = judged(files);
    const reasons = new Map<string, number>();
    let both = 0;
    files.forEach((file, index) => {
      let read: SafetensorsFile;
      try {
        read = readSafetensors(file);
      } catch (error) {
        if (judgements[index] === null) return;
        const message = (error as Error).message;
        const reason = stricter.find((pattern) => pattern.test(message));
        if (!reason) throw new Error(`Refused here only: ${message}`);
        reasons.set(reason.source, (reasons.get(reason.source) ?? 0) + 1);
        return;
      }
      both++;
      expect(asMap(judgements[index])).toEqual(ownJudgement(read));
    });
    expect(both).toBeGreaterThan(damaged / 40);
    expect(reasons.size).toBe(stricter.length);
  });
});

/** Where this reader is stricter than the reference implementation. */
const stricter = [
  /gives the key .* twice/,
  /must be an object with exactly .* has .* too/,
  /must be an object with exactly .* but is an array/,
  /must start with "\{"/,
  /__metadata__ must be an object of strings, but is null/,
  /plain digits from 0 to 9007199254740991/,
  /too large to count in 53 bits/,
];
