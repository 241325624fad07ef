/**
 * The stretch of a file that a Range header asks for (RFC 9110, 14.2), its end not included.
 *
 * @param size of the file in bytes
 * @returns "outside" if it begins behind the file's end; undefined, for the whole file, if it is no single range of bytes
 */
export function byteRange(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | "outside" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "outside" : { start: size - length, end: size };
  }
  const [start, end] = [Number(first), last === "" ? size : Number(last) + 1];
  if (end <= start && last !== "") return undefined;
  return start >= size ? "outside" : { start, end: Math.min(end, size) };
}
