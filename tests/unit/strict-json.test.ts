import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quoted } from "../../src/tensors/quoted.js";
import { deepestJson, type JsonValue, mostJsonValues, parseStrictJson } from "../../src/tensors/strict-json.js";
import { seed, times } from "../repeat.mjs";

const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "constructor", "", "0", "\u0000"));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JsonValue>(null, true, false),
    fc.maxSafeNat(),
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie("value")), { maxLength: 4 }).map((pairs): JsonValue => new Map(pairs)),
  ),
}));

/** The JSON text of a value, with white space around every token. */
function written(value: JsonValue, space: string): string {
  if (Array.isArray(value)) return `${space}[${value.map((item) => written(item, space)).join(",")}${space}]${space}`;
  if (!(value instanceof Map)) return `${space}${JSON.stringify(value)}${space}`;
  const members = [...value].map(([key, item]) => `${written(key, space)}:${written(item, space)}`);
  return `${space}{${members.join(",")}${space}}${space}`;
}

function refused(json: string): string {
  try {
    parseStrictJson(json);
  } catch (error) {
    expect((error as Error).constructor).toBe(Error);
    return (error as Error).message;
  }
  throw new Error(`${quoted(json)} was read.`);
}

describe("parseStrictJson", () => {
  test("reads back every value that was written, with white space of any kind around its tokens", () => {
    fc.assert(
      fc.property(value, fc.constantFrom("", " ", "\n\t\r "), (original, space) => {
        expect(parseStrictJson(written(original, space))).toEqual(original);
      }),
    );
  });

  test("reads nothing that JSON.parse refuses or reads otherwise", { tags: ["draws"] }, () => {
    const token = fc.constantFrom(..."{}[]:,01-.eE+ tn\\u\"'/\n".split(""), '"a"', "null", "true", "12", '"\\u00e9"');
    const plain = (read: JsonValue): unknown => {
      if (Array.isArray(read)) return read.map(plain);
      return read instanceof Map ? Object.fromEntries([...read].map(([key, item]) => [key, plain(item)])) : read;
    };
    const mangled = fc.tuple(value, fc.nat(), fc.nat({ max: 2 }), token).map(([original, at, removed, inserted]) => {
      const json = written(original, "");
      const start = at % json.length;
      return json.slice(0, start) + inserted + json.slice(start + removed);
    });
    fc.assert(
      fc.property(
        fc.oneof(
          mangled,
          fc.array(token).map((tokens) => tokens.join("")),
        ),
        (json) => {
          let read: JsonValue;
          try {
            read = parseStrictJson(json);
          } catch (error) {
            expect((error as Error).constructor).toBe(Error);
            return;
          }
          if (!json.includes("__proto__")) expect(plain(read)).toEqual(JSON.parse(json));
        },
      ),
      { numRuns: times("draws"), seed },
    );
  });

  test("refuses a key given twice, however it is written, and keeps equal keys of other objects apart", () => {
    expect(refused('{"a":1,"a":1}')).toBe(
      'The JSON gives the key "a" twice in one object; keep one of them (at character 8).',
    );
    expect(refused('{"a":1,"\\u0061":2}')).toContain('the key "a" twice');
    expect(refused('[{"__proto__":1,"__proto__":2}]')).toContain('the key "__proto__" twice');
    expect(parseStrictJson('{"a":{"a":[{"a":1}]}}')).toEqual(new Map([["a", new Map([["a", [new Map([["a", 1]])]]])]]));
  });

  test("reads whole numbers in plain digits from 0 to 2^53 − 1 and no others", () => {
    expect(parseStrictJson("[0,7,10,9007199254740991]")).toEqual([0, 7, 10, 2 ** 53 - 1]);
    for (const number of [
      "-0",
      "-1",
      "+1",
      "1.0",
      "1.",
      ".5",
      "1e3",
      "1E3",
      "01",
      "00",
      "1-1",
      "0x1",
      "9007199254740992",
    ]) {
      expect(refused(`[${number}]`)).toMatch(/^The JSON has (the number )?".*", but|where a "," or/);
    }
    const wanted = "numbers are read only as plain digits from 0 to 9007199254740991";
    expect(refused("1.0")).toBe(`The JSON has the number "1.0", but ${wanted} (at character 1).`);
    expect(refused("18446744073709551616")).toContain("9007199254740991");
    expect(refused("NaN")).toContain('has "N" where a value was expected');
  });

  test("refuses anything but white space behind its value, and white space that JSON does not know", () => {
    expect(parseStrictJson(" {} \n\r\t ")).toEqual(new Map());
    for (const rest of ["{}", "x", ",", "\u0000", "\u00a0", "\ufeff", "\f", "//"]) {
      expect(refused(`{}${rest}`)).toMatch(/^The JSON has .* where the end was expected \(at character 3\)\.$/);
    }
    expect(refused("\ufeff{}")).toContain('has "\\u{feff}" where a value was expected');
  });

  test("refuses what is cut off, trailing commas, bare words and single quotes, saying what was expected", () => {
    expect(refused("")).toBe("The JSON ends where a value was expected; it may have been cut off (at character 1).");
    expect(refused('{"a"')).toContain('ends where a ":" was expected');
    expect(refused('{"a":1')).toContain('ends where a "," or "}" was expected');
    expect(refused('["a')).toContain("ends within a string");
    expect(refused('"a\\')).toContain("ends within a string");
    expect(refused('"a\\"')).toContain("ends within a string");
    expect(refused('{"a":1,}')).toContain('has "}" where a key in double quotes was expected');
    expect(refused("[1,]")).toContain('has "]" where a value was expected');
    expect(refused("[1 2]")).toContain('where a "," or "]" was expected');
    expect(refused("{a:1}")).toContain("where a key in double quotes was expected");
    expect(refused("['a']")).toContain("where a value was expected");
    expect(refused("nul")).toContain("where a value was expected");
    expect(refused("truest")).toContain("where the end was expected");
  });

  test("reads every escape, and refuses wrong ones, bare control characters and half a surrogate pair", () => {
    expect(parseStrictJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDE00\u007f"')).toBe('"\\/\b\f\n\r\té😀\u007f');
    for (const json of ['"\\x"', '"\\u00g0"', '"\\u12"', '"\\u"', '"\\ "'])
      expect(refused(json)).toContain("wrong escape");
    for (const control of ["\n", "\u0000", "\u001f"]) expect(refused(`"${control}"`)).toContain("control character");
    for (const half of ["\\ud800", "\\udc00", "\\udc00\\ud800", "\ud800"]) {
      expect(refused(`"a${half}"`)).toContain("half a surrogate pair");
    }
  });

  test("refuses to nest deeper than its limit, also a million levels deep", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(parseStrictJson(nested(deepestJson))).toHaveLength(1);
    expect(refused(nested(deepestJson + 1))).toContain(`nests deeper than ${deepestJson} levels`);
    expect(refused("[".repeat(1e6))).toContain("nests deeper");
    expect(refused('{"a":'.repeat(1e6))).toContain("nests deeper");
  });

  test("refuses more values than its limit", () => {
    expect(parseStrictJson(`[${"0,".repeat(mostJsonValues - 2)}0]`)).toHaveLength(mostJsonValues - 1);
    expect(refused(`[${"0,".repeat(mostJsonValues - 1)}0]`)).toContain(`more than ${mostJsonValues} values`);
  });

  test("keeps its messages short and on one line, however many characters it meets", () => {
    const long = "\u202e\n".repeat(2e5);
    const key = JSON.stringify(long);
    const texts = [
      `{${key}:1,${key}:2}`,
      "1".repeat(1e6),
      `"${"\\".repeat(1e6)}`,
      " ".repeat(1e6),
      `"${"\\u".repeat(1e6)}"`,
    ];
    for (const json of texts) expect(refused(json)).toMatch(/^[^\p{C}]{1,250}$/u);
  });

  test("names its subject as it is told to", () => {
    expect(() => parseStrictJson("", "The header")).toThrow(/^The header ends/);
  });
});

test("quoted cuts long text off and spells out what cannot be seen or would change the line", () => {
  expect(quoted('plain "é" \\ 😀')).toBe('"plain \\"é\\" \\\\ 😀"');
  expect(quoted("1100\r\n\t0011\u00a0")).toBe('"1100\\r\\n\\t0011\\u{a0}"');
  expect(quoted("a\n\u0000\u007f\u202e\u200b\u2028\ud800")).toBe(
    '"a\\n\\u{0}\\u{7f}\\u{202e}\\u{200b}\\u{2028}\\u{d800}"',
  );
  expect(quoted("x".repeat(61))).toBe(`"${"x".repeat(60)}…" (61 characters)`);
  expect(quoted("\u{10ffff}".repeat(1e6)).length).toBeLessThan(100);
});
