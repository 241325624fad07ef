import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { Model } from "../model/model.js";
import type { Position } from "../tensors/named-array.js";
import { NumberSlider } from "./controls.js";
import { groupedSites } from "./edit-targets.js";

/** What is chosen to be edited. Axes that `region` does not name are edited throughout. */
export interface Picked {
  readonly kind: "site" | "parameter";
  readonly name: string;
  readonly step: number;
  readonly region: Position;
}

/** Choose a site and the token after which it is edited, or a parameter, and which part of it. */
export function TargetPicker(props: {
  readonly model: Model;
  readonly tokens: readonly string[];
  readonly picked: Picked;
  readonly pick: (picked: Picked) => void;
}): JSX.Element {
  const { model, tokens, picked, pick } = props;
  const id = useId();
  const { axes, shape } = placeOf(model, picked);
  const about = model.sites.find(({ name }) => picked.kind === "site" && name === picked.name)?.about;
  return (
    <fieldset class="ts-target">
      <legend>What to edit</legend>
      <div class="ts-field">
        <label for={id}>Component</label>
        <select
          id={id}
          value={`${picked.kind} ${picked.name}`}
          onChange={(event) => {
            const [kind, name] = event.currentTarget.value.split(" ") as [Picked["kind"], string];
            pick({ ...picked, kind, name, region: firstRegion(placeOf(model, { kind, name }).axes) });
          }}
        >
          {groupedSites(model).map(({ group, sites }) => (
            <optgroup key={group} label={group}>
              {sites.map(({ name }) => (
                <option key={name} value={`site ${name}`}>
                  {name}
                </option>
              ))}
            </optgroup>
          ))}
          <optgroup label="parameters">
            {Object.keys(model.shapes).map((name) => (
              <option key={name} value={`parameter ${name}`}>
                {name}
              </option>
            ))}
          </optgroup>
        </select>
        <small>{about ?? "a parameter: edited for the whole run"}</small>
      </div>
      {picked.kind === "site" && (
        <NumberSlider
          label="Edited at token"
          values={tokens.map((_, index) => index)}
          chosen={picked.step}
          choose={(step) => pick({ ...picked, step })}
          text={`${picked.step} (${tokens[picked.step]})`}
        />
      )}
      <div class="ts-row">
        {axes.map((axis, index) => (
          <label key={axis} class="ts-axis">
            {axis}
            <input
              type="number"
              min={0}
              max={(shape[index] as number) - 1}
              step={1}
              placeholder="all"
              value={picked.region[axis] ?? ""}
              onInput={(event) => {
                const { [axis]: _, ...others } = picked.region;
                const position = event.currentTarget.valueAsNumber;
                const fits = Number.isInteger(position) && position >= 0 && position < (shape[index] as number);
                pick({ ...picked, region: fits ? { ...others, [axis]: position } : others });
              }}
            />
          </label>
        ))}
      </div>
      <small class="ts-faint">
        An empty field means all along that axis. It limits whole operations; the brush sets cells.
      </small>
    </fieldset>
  );
}

/** What an address says is to be edited; undefined if that is nothing of this model. */
export function pickedFrom(text: string, model: Model): Picked | undefined {
  let given: Partial<Picked>;
  try {
    given = Object(JSON.parse(text));
  } catch {
    return undefined;
  }
  const { kind, name = "", step, region } = given;
  const known = kind === "parameter" ? Object.keys(model.shapes) : model.sites.map((site) => site.name);
  if ((kind !== "site" && kind !== "parameter") || !known.includes(name)) return undefined;
  const { axes, shape } = placeOf(model, { kind, name });
  const positions = axes.flatMap((axis, index) => {
    const position = Object(region)[axis];
    const fits = Number.isInteger(position) && position >= 0 && position < (shape[index] as number);
    return fits ? [[axis, position as number]] : [];
  });
  return { kind, name, step: Math.max(0, Math.trunc(Number(step)) || 0), region: Object.fromEntries(positions) };
}

/** Axes and shape of what is edited. */
export function placeOf(
  { sites, shapes }: Model,
  { kind, name }: Pick<Picked, "kind" | "name">,
): { readonly axes: readonly string[]; readonly shape: readonly number[] } {
  const site = kind === "site" ? sites.find((one) => one.name === name) : undefined;
  if (site) return site;
  const shape = shapes[name] ?? [];
  return { axes: shape.map((_, index) => `axis ${index}`), shape };
}

/** Of more than two axes the first are fixed at 0 to begin with: what is seen is what is edited. */
export function firstRegion(axes: readonly string[]): Position {
  return Object.fromEntries(axes.slice(0, -2).map((axis) => [axis, 0]));
}
