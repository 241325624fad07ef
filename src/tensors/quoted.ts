/**
 * Text that was typed, or out of a stranger's file, in double quotes, as a piece of a message: never longer than about 100 characters, on
 * one line, and with control, formatting and unassigned characters spelled out (`\n`, `\u{202e}`), also spaces that only look
 * like one.
 */
export function quoted(text: string): string {
  const longest = 60;
  let shown = "";
  for (const character of text) {
    const piece = spelled(character);
    if (shown.length + piece.length > longest) return `"${shown}…" (${text.length} characters)`;
    shown += piece;
  }
  return `"${shown}"`;
}

function spelled(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) return character;
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  if (short) return short;
  return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
}
