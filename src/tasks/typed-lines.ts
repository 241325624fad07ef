/**
 * Typed text in plain characters: full-width forms and special spaces, as other programs write or paste them, become common
 * ones, and every line break the same one; what is invisible is left out.
 */
export function plainText(text: string): string {
  return text
    .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, "\n")
    .replace(/\p{Zs}/gu, " ")
    .replace(/\p{Cf}/gu, "")
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
}

/** The lines of a typed text that hold something; ";" ends a line too, as on the command line. */
export function linesOf(text: string): string[] {
  return plainText(text)
    .split(/[\n;]/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
