// Numbers as text, to the bit: little-endian 32-bit floats, as base64. It runs in Node and in a page.

/** Numbers as base64 text. */
export function toBase64(numbers: ArrayLike<number>): string {
  const bytes = new DataView(new ArrayBuffer(4 * numbers.length));
  for (let i = 0; i < numbers.length; i++) bytes.setFloat32(4 * i, numbers[i] as number, true);
  let text = "";
  for (let i = 0; i < bytes.byteLength; i++) text += String.fromCharCode(bytes.getUint8(i));
  return btoa(text);
}

/** The numbers in a text that `toBase64` made; undefined if it is no base64, or not of whole numbers. */
export function fromBase64(text: string): Float32Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
  if (bytes.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
