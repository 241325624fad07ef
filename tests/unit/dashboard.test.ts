import { hostname } from "node:os";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteRange } from "../../src/dashboard/byte-range.js";
import { isOwnHost } from "../../src/dashboard/host-header.js";

describe("a range of bytes", () => {
  test("lies within the file and holds what was asked for, whatever was asked", () => {
    const number = fc.option(fc.nat(40), { nil: undefined });
    fc.assert(
      fc.property(number, number, fc.nat(30), (first, last, size) => {
        const range = byteRange(`bytes=${first ?? ""}-${last ?? ""}`, size);
        const all = Array.from({ length: size }, (_, index) => index);
        const wanted = all.filter((index) =>
          first === undefined ? index >= size - (last ?? 0) : index >= first && index <= (last ?? size),
        );
        const senseless = first === undefined ? last === undefined : last !== undefined && last < first;
        if (senseless) expect(range).toBeUndefined();
        else if (wanted.length === 0) expect(range).toBe("outside");
        else expect(range).toEqual({ start: wanted[0], end: (wanted.at(-1) as number) + 1 });
      }),
    );
  });

  test.each([
    undefined,
    "",
    "bytes=",
    "bytes=-",
    "bytes 0-1",
    "bytes=0-1,3-4",
    "bytes=a-b",
    "bytes=1e3-",
    "bytes= 0-1",
  ])("is the whole file where the header is %j", (header) => expect(byteRange(header, 10)).toBeUndefined());
});

describe("a Host header", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1:8050", true],
    ["127.0.0.1", "localhost:9000", true],
    ["127.0.0.1", "[::1]:8050", true],
    ["127.0.0.1", "192.168.0.7:8050", false],
    ["127.0.0.1", "evil.example:8050", false],
    ["127.0.0.1", "localhost.evil.example", false],
    ["127.0.0.1", "localhost@evil.example", false],
    ["127.0.0.1", "", false],
    ["127.0.0.1", undefined, false],
    ["192.168.0.7", "192.168.0.7:8050", true],
    ["ada.example", "ADA.example:8050", true],
    ["ada.example", "eve.example:8050", false],
    ["0.0.0.0", "192.168.0.7:8050", true],
    ["::", "[fe80::1]:8050", true],
    ["0.0.0.0", `${hostname()}:8050`, true],
    ["0.0.0.0", "evil.example", false],
  ])("of a server on %s: is %s its own? %s", (host, header, own) => {
    expect(isOwnHost(header, host)).toBe(own);
  });
});
