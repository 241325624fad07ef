/**
 * Text out of a stranger's file, in double quotes, as a piece of a message: never longer than about 100 characters, on
 * one line, and with control, formatting and unassigned characters spelled out (`\u{202e}`).
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
  if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(character)) return character;
  return `\\u{${(character.codePointAt(0) as number).toString(16)}}`;
}
