import type { Model } from "./model.js";

/**
 * A short name of a model, such as "ntm-0b4e7d21": equal for models of one kind and one size, whatever their parameters
 * hold.
 */
export function modelKey({ name, metadata, inputs, outputs, shapes }: Model): string {
  const sorted = (record: object) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([sorted(metadata), inputs, outputs, sorted(shapes)]);
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${name}-${(hash >>> 0).toString(16).padStart(8, "0")}`;
}
