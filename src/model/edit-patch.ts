import { type NamedArray, type Position, select } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import { type PackedValues, packed } from "./edit-values.js";

/** A run that values can be taken from: what it recorded, each [step, batch, ...site]. */
export interface Recorded {
  readonly trace: Readonly<Record<string, NamedArray>>;
}

/** Where in the other run: the edit's own step and sequence unless others are named. */
export interface PatchSource {
  readonly step?: number;
  readonly batch?: number;
}

/**
 * The values that a region has in another run. A run of one sequence gives that sequence.
 *
 * @param index positions that the edit fixes, `batch` among them
 * @throws if the site was not recorded there, a position is outside it, or a number is not finite.
 */
export function patchFrom(
  other: Recorded,
  site: string,
  { step, ...index }: { readonly step: number } & Position,
  from: PatchSource,
): PackedValues {
  const trace = other?.trace;
  if (typeof trace !== "object" || trace === null) throw new Error("A patch takes a run, such as run(…) returns.");
  const unknown = Object.keys(from).find((key) => key !== "step" && key !== "batch");
  if (unknown) throw new Error(`A patch is taken at { step, batch } of the other run; "${unknown}" was given.`);
  const array = Object.hasOwn(trace, site) ? trace[site] : undefined;
  if (!array) {
    const names = Object.keys(trace).join(", ") || "none";
    throw new Error(`The other run did not record ${quoted(site)} (recorded: ${names}); name it in its \`record\`.`);
  }
  const sequences = array.shape[array.axes.indexOf("batch")];
  const batch = from.batch ?? (sequences === 1 ? 0 : index.batch);
  const where = { ...index, step: from.step ?? step, ...(batch !== undefined && { batch }) };
  const { shape, data } = select(array, where);
  return finite(site, shape, data);
}

/** The values that a region of a parameter has elsewhere. @throws as `patchFrom` does */
export function patchOf(parameter: NamedArray, index: Position): PackedValues {
  const { shape, data } = select(parameter, index);
  return finite(parameter.name, shape, data);
}

function finite(name: string, shape: readonly number[], data: Float32Array): PackedValues {
  const bad = data.find((number) => !Number.isFinite(number));
  if (bad === undefined) return packed(shape, data);
  throw new Error(`"${name}" holds ${bad} there; only finite numbers can be patched.`);
}
