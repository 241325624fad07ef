import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { packed } from "../model/edit-values.js";
import type { Edit } from "../model/edits.js";
import { type NamedArray, select, sizeOf } from "../tensors/named-array.js";
import { Button, Picker } from "./controls.js";
import { groupOf, type TargetGroup } from "./edit-targets.js";
import { changesAt, type Target } from "./edit-values.js";
import { PatchFields, type PatchSource } from "./experiment-patch.js";
import { messageOf, Problem } from "./message.js";

const operations = [
  { value: "zero", label: "zero" },
  { value: "set", label: "set all to" },
  { value: "add", label: "add" },
  { value: "scale", label: "scale by" },
  { value: "noise", label: "noise" },
  { value: "clamp", label: "clamp to" },
  { value: "patch", label: "patch from" },
] as const;
type Whole = (typeof operations)[number]["value"];

/** Operations on a whole region, among them the value that another run or the history has there. */
export function OperationForm(props: {
  readonly target: Target;
  /** Of the whole site or parameter. */
  readonly axes: readonly string[];
  /** The region's value before any edit. */
  readonly region: NamedArray;
  /** Finds the whole value, without its batch, that a patch comes from. */
  readonly patch: PatchSource;
  readonly apply: (edit: Edit) => void;
  /** @throws if a run could not carry the edit out */
  readonly check: (edits: readonly Edit[]) => void;
}): JSX.Element {
  const { target, axes, region, patch, apply, check } = props;
  const [chosen, choose] = useState<Whole>("zero");
  const [amount, setAmount] = useState("0.5");
  const [greatest, setGreatest] = useState("1");
  const [seed, setSeed] = useState("1");
  const [renormalise, setRenormalise] = useState("");
  const [from, setFrom] = useState<(() => Promise<NamedArray>) | undefined>();
  const [problem, setProblem] = useState("");
  const rows = "site" in target && isShare(groupOf({ name: target.site })) ? axes : [];
  const axis = rows.includes(renormalise) ? renormalise : "";
  const make = async (): Promise<Edit> => {
    const at = changesAt(target, axis);
    if (chosen === "zero") return at.zero();
    if (chosen === "patch") {
      if (!from) throw new Error("Choose first where the value comes from.");
      const { shape, data } = fitting(await from(), target, region);
      return at.set(packed(shape, data));
    }
    const number = numberIn(amount, "A finite number");
    if (chosen === "noise") return at.noise({ seed: numberIn(seed, "A seed"), scale: number });
    return chosen === "clamp" ? at.clamp(number, numberIn(greatest, "A finite number")) : at[chosen](number);
  };
  const onApply = async (): Promise<void> => {
    try {
      const edit = await make();
      check([edit]);
      apply(edit);
      setProblem("");
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const field = (label: string, value: string, change: (text: string) => void, step: "any" | 1) => (
    <label class="ts-axis">
      {label}
      <input type="number" step={step} value={value} onInput={(event) => change(event.currentTarget.value)} />
    </label>
  );
  return (
    <Fields name="Whole operation">
      <div class="ts-row">
        <Picker label="Operation" options={operations} chosen={chosen} choose={choose} />
        {["set", "add", "scale"].includes(chosen) && field("value", amount, setAmount, "any")}
        {chosen === "noise" && field("deviation", amount, setAmount, "any")}
        {chosen === "noise" && field("seed", seed, setSeed, 1)}
        {chosen === "clamp" && field("least", amount, setAmount, "any")}
        {chosen === "clamp" && field("greatest", greatest, setGreatest, "any")}
      </div>
      {chosen === "patch" && <PatchFields source={patch} target={target} choose={(read) => setFrom(() => read)} />}
      {rows.length > 0 && (
        <Picker
          label="Then sum to 1 along"
          options={["", ...rows].map((value) => ({ value, label: value || "no axis" }))}
          chosen={axis}
          choose={setRenormalise}
        />
      )}
      <div class="ts-row">
        <Button onClick={() => void onApply()}>Apply</Button>
        <small class="ts-faint">{`to ${sizeOf(region.shape).toLocaleString("en")} numbers of ${nameOf(target)}`}</small>
      </div>
      {problem && <Problem message={problem} />}
    </Fields>
  );
}

/** Whether a site of a group holds weights, which are to sum to 1. */
function isShare(group: TargetGroup): boolean {
  return group !== "memory" && group !== "other sites";
}

function Fields({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <fieldset class="ts-target">
      <legend>{name}</legend>
      {children}
    </fieldset>
  );
}

export function nameOf(target: Target): string {
  return "parameter" in target ? target.parameter : target.site;
}

/** The region's part of a value from elsewhere. @throws if it is of another shape */
function fitting(value: NamedArray, target: Target, region: NamedArray): NamedArray {
  const unknown = Object.keys(target.index).find((axis) => !value.axes.includes(axis));
  const part = unknown === undefined ? select(value, target.index) : undefined;
  if (part && `${part.shape}` === `${region.shape}`) return part;
  throw new Error(
    `${nameOf(target)} is [${value.axes}] of [${value.shape}] there, which does not fit [${region.axes}] of [${region.shape}].`,
  );
}

function numberIn(text: string, what: string): number {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) return number;
  throw new Error(`${what} is needed; "${text}" was given.`);
}
