import * as tf from "@tensorflow/tfjs-core";
import { quoted } from "../tensors/quoted.js";
import { checkShapes, disposeTensors, shapesOf, type Tensors } from "../tensors/tensors.js";
import type { Model } from "./model.js";
import { siteStep } from "./site-step.js";

const batch = 2;
const reserved = ["step", "batch", "site"]; // where edits, histories and sweeps mean something else

/**
 * Try a model of your own before it is trained or run: whether it is what it says of itself. It takes a few steps with two
 * sequences of zeros, operation by operation.
 *
 * @returns how many numbers its parameters are
 * @throws saying what does not fit: a site, the metadata, a parameter, the state or the logits.
 * @example show(`**${checkModel(machine)}** parameters`);
 */
export function checkModel(model: Model): number {
  const refuse = refusal(model);
  checkSites(model);
  for (const [name, value] of Object.entries(model.metadata)) {
    if (typeof value !== "string") throw refuse(`the metadata's ${quoted(name)} is ${value}; text was expected`);
  }
  const parameters = model.parameters(0);
  try {
    checkShapes(model.name, model.shapes, shapesOf(parameters));
    const unknown = [...Object.keys(parameters), ...model.fixed].find((name) => !Object.hasOwn(model.shapes, name));
    if (unknown !== undefined) throw refuse(`there is a parameter ${quoted(unknown)} that \`shapes\` does not name`);
    tf.tidy(() => takeSteps(model, parameters));
    return Object.values(parameters).reduce((sum, { size }) => sum + size, 0);
  } finally {
    disposeTensors(parameters);
  }
}

/** @throws if a site cannot be told from another, or its axes are not what its shape says */
function checkSites(model: Model): void {
  const names = new Set<string>();
  for (const { name, axes, shape } of model.sites) {
    const site = `the site ${quoted(name)}`;
    if (name === "__proto__") throw refusal(model)(`${site} needs another name`);
    if (names.has(name)) throw refusal(model)(`${site} is declared twice`);
    names.add(name);
    const wrong = axes.find((axis, index) => reserved.includes(axis) || axes.indexOf(axis) !== index);
    if (wrong !== undefined) {
      throw refusal(model)(
        `${site} has an axis ${quoted(wrong)}; axes have names of their own, not ${reserved.join(", ")}`,
      );
    }
    if (axes.length !== shape.length || !shape.every((length) => Number.isSafeInteger(length) && length > 0)) {
      throw refusal(model)(
        `${site} has the axes [${axes}] but the shape [${shape}]; each axis has a length of at least 1`,
      );
    }
  }
}

function takeSteps(model: Model, parameters: Tensors): void {
  const refuse = refusal(model);
  const whole: Model = {
    ...model,
    step(...given) {
      const { state, logits }: Partial<ReturnType<Model["step"]>> = model.step(...given) ?? {};
      if (state && logits) return { state, logits };
      throw refuse("its step returns { state, logits }; one of them is missing");
    },
  };
  const input = tf.zeros([batch, model.inputs]);
  let state = model.start(parameters, batch);
  for (const when of ["at the start", "after a step", "after two steps"]) {
    const wrong = Object.entries(state).find(([, { shape }]) => shape[0] !== batch);
    if (wrong) {
      const [name, { shape }] = wrong;
      throw refuse(
        `its state ${quoted(name)} is [${shape}] ${when}; [${batch}, …], one of each sequence, was expected`,
      );
    }
    const next = siteStep(whole, batch, { parameters, state, input }, (_site, value) => value);
    const lost = Object.keys(state).find((name) => !Object.hasOwn(next.state, name));
    if (lost !== undefined) throw refuse(`its step returns a state without ${quoted(lost)}, which it was given`);
    if (`${next.outputs.shape}` !== `${[batch, model.outputs]}`) {
      throw refuse(`its step returns logits [${next.outputs.shape}]; [${batch},${model.outputs}] was expected`);
    }
    state = next.state;
  }
}

function refusal({ name }: Model): (what: string) => Error {
  return (what) => new Error(`${name}: ${what}.`);
}
