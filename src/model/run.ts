import * as tf from "@tensorflow/tfjs-core";
import { type NamedArray, select, stack } from "../tensors/named-array.js";
import { checkShapes, disposeTensors, replaceTensors, shapesOf, type Tensors } from "../tensors/tensors.js";
import { fromTensor, toTensor } from "../tensors/transfer.js";
import { applyEdit, checkEdits, type Edit } from "./edits.js";
import { type Hook, type Model, sitesMatching, unknownSite } from "./model.js";

/** What a run leaves behind: plain data, no tensors. */
export interface Run {
  /** [step, batch, output], after the model's activation. */
  readonly outputs: NamedArray;
  /** Recorded sites, each [step, batch, ...site]. */
  readonly trace: Readonly<Record<string, NamedArray>>;
  /** The state after the last step, each [batch, ...]. */
  readonly state: Readonly<Record<string, NamedArray>>;
}

/**
 * Run a model over a sequence, recording and editing values at its sites.
 *
 * @param inputs [step, batch, input]
 * @param options.record names or patterns of sites, such as `"memory"`, `"read.*.weights"` or `"*"`; none by default
 * @param options.edits changes to make on the way, in their order; a recorded value is the edited one
 * @throws before anything runs if the inputs, a parameter, a pattern or an edit do not fit the model.
 * @example run(model, parameters, inputs, { record: ["memory"], edits: [edit("memory", { step: 3, slot: 5 }).set(0)] })
 */
export function run(
  model: Model,
  parameters: Tensors,
  inputs: NamedArray,
  options: { readonly record?: readonly string[]; readonly edits?: readonly Edit[] } = {},
): Run {
  const { steps, batch } = checkInputs(model, inputs);
  checkShapes(model.name, model.shapes, shapesOf(parameters));
  const recorded = sitesMatching(model, options.record ?? []);
  const edits = options.edits ?? [];
  checkEdits(model, steps, batch, edits);

  const captured = new Map<string, NamedArray[]>(recorded.map(({ name }) => [name, []]));
  const outputs: NamedArray[] = [];
  let state = tf.tidy(() => model.start(parameters, batch) as Record<string, tf.Tensor>);
  try {
    for (let step = 0; step < steps; step++) {
      const changes = edits.filter((one) => one.step === step);
      const next = tf.tidy(() => {
        const { hook, passed } = siteHook(model, batch, changes, captured);
        const result = model.step(parameters, state, toTensor(select(inputs, { step })), hook);
        const missed = model.sites.find(({ name }) => !passed.has(name));
        if (missed) throw new Error(`${model.name} declares the site "${missed.name}", but its step never passed it.`);
        outputs.push(fromTensor(activate(model, result.logits), "outputs", ["batch", "output"]));
        return result.state as Record<string, tf.Tensor>;
      });
      replaceTensors(state, next);
      state = next;
    }
    return {
      outputs: stack(outputs, "step"),
      trace: Object.fromEntries(recorded.map(({ name }) => [name, stack(captured.get(name) ?? [], "step")])),
      state: Object.fromEntries(Object.entries(state).map(([name, value]) => [name, stateArray(name, value)])),
    };
  } finally {
    disposeTensors(state);
  }
}

/**
 * A recorded site of one sequence, [step, ...site].
 *
 * @throws if the site was not recorded, listing those that were.
 */
export function series(result: Run, site: string, batch = 0): NamedArray {
  const array = Object.hasOwn(result.trace, site) ? result.trace[site] : undefined;
  if (array) return select(array, { batch });
  const names = Object.keys(result.trace).join(", ") || "none";
  throw new Error(`"${site}" was not recorded (recorded: ${names}); name it in run's \`record\`.`);
}

/** Outputs as a model's reader sees them: probabilities [batch, output] from logits of the same shape. */
export function activate(model: Model, logits: tf.Tensor): tf.Tensor {
  return model.activation === "sigmoid" ? tf.sigmoid(logits) : tf.softmax(logits);
}

/** The hook of one step, which edits, then records, and the names of the sites it has seen. */
function siteHook(
  model: Model,
  batch: number,
  changes: readonly Edit[],
  captured: ReadonlyMap<string, NamedArray[]>,
): { hook: Hook; passed: ReadonlySet<string> } {
  const passed = new Set<string>();
  const hook: Hook = (name, value) => {
    const site = model.sites.find((one) => one.name === name);
    if (!site) throw unknownSite(model, name);
    const shape = [batch, ...site.shape];
    if (passed.has(name)) throw new Error(`${model.name} passed the site "${name}" twice in one step.`);
    if (`${value.shape}` !== `${shape}`) {
      throw new Error(`${model.name} passed [${value.shape}] at the site "${name}", which is declared as [${shape}].`);
    }
    passed.add(name);
    const edited = changes.filter((one) => one.site === name).reduce((now, one) => applyEdit(site, one, now), value);
    captured.get(name)?.push(fromTensor(edited, name, ["batch", ...site.axes]));
    return edited;
  };
  return { hook, passed };
}

function checkInputs(model: Model, inputs: NamedArray): { steps: number; batch: number } {
  const [steps = 0, batch = 0, width] = inputs.shape;
  if (inputs.shape.length !== 3 || width !== model.inputs || steps < 1 || batch < 1) {
    throw new Error(
      `${model.name} takes inputs [step, batch, ${model.inputs}] of at least one step and one sequence; ` +
        `[${inputs.axes}] of [${inputs.shape}] was given.`,
    );
  }
  return { steps, batch };
}

function stateArray(name: string, value: tf.Tensor): NamedArray {
  const axes = value.shape.slice(1).map((_, index) => `axis ${index}`);
  return fromTensor(value, name, ["batch", ...axes]);
}
