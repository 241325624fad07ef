import type { NamedArray } from "../tensors/named-array.js";
import type { RecordedSite } from "../tracker/state-row.js";

/** A place where a model looks somewhere: attention, or the weights of a head or a summary. */
export interface LookingSite {
  readonly site: string;
  readonly label: string;
  /** Heads to choose from; 0 where there is no axis of them. */
  readonly heads: number;
}

type Site = Pick<RecordedSite, "name" | "axes" | "shape">;

/** The memory of a model: what the site "memory" holds, else the first with slots and words in it. */
export function memorySite(sites: readonly Site[]): string | undefined {
  const grids = sites.filter(({ axes }) => axes.length === 2 && (axes[0] === "slot" || axes[0] === "state"));
  return (sites.find(({ name }) => name === "memory") ?? grids.find(({ name }) => !isLooking(name)))?.name;
}

/** Where a model looks: attention of its layers first, then reading, then writing. */
export function lookingSites(sites: readonly Site[]): LookingSite[] {
  const found = sites.filter(({ name }) => isLooking(name));
  const rank = (name: string): number => (name.endsWith("attention") ? 0 : name.startsWith("write") ? 2 : 1);
  return [...found]
    .sort((one, other) => rank(one.name) - rank(other.name))
    .map(({ name, axes, shape }) => ({
      site: name,
      label: labelOf(name),
      heads: axes[0] === "head" && axes.length === 3 ? (shape[0] as number) : 0,
    }));
}

function isLooking(name: string): boolean {
  return /(^|\.)(weights|attention)$/.test(name) && !name.startsWith("importance");
}

/** "layers.0.attention" is "layer 0", "read.1.weights" "read head 1", "write.weights" "write". */
function labelOf(name: string): string {
  const [, kind, number] = /^(layers|read|write)\.(\d+)\./.exec(name) ?? [];
  if (kind) return `${kind === "layers" ? "layer" : `${kind} head`} ${number}`;
  return name.replace(/\.weights$/, "").replaceAll(".", " ");
}

/**
 * Names for the sources that a Token Turing Machine reads and writes from: memory slots, then what was processed, then
 * input. Other arrays stay as they are.
 *
 * @param slots of the memory
 */
export function withSources(array: NamedArray, slots: number, read: number): NamedArray {
  const axis = array.axes.indexOf("source");
  const length = array.shape[axis];
  if (length === undefined || slots < 1 || slots >= length) return array;
  const outputs = length > slots + read ? read : 0;
  const source = Array.from({ length }, (_, index) => {
    if (index < slots) return `slot ${index}`;
    if (index < slots + outputs) return `output ${index - slots}`;
    const input = index - slots - outputs;
    return length - slots - outputs === 1 ? "input" : `input ${input}`;
  });
  return { ...array, labels: { ...array.labels, source } };
}
