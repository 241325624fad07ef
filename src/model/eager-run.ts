import * as tf from "@tensorflow/tfjs-core";
import { type NamedArray, select, stack } from "../tensors/named-array.js";
import { disposeTensors, replaceTensors } from "../tensors/tensors.js";
import { fromTensor, toTensor } from "../tensors/transfer.js";
import { applyEdit } from "./edits.js";
import type { Run, RunRequest } from "./run-request.js";
import { siteStep } from "./site-step.js";

/** Carry out a run step by step, operation by operation, on the backend in use. */
export function eagerRun({ model, parameters, inputs, steps, batch, recorded, edits }: RunRequest): Run {
  const captured = new Map<string, NamedArray[]>(recorded.map(({ name }) => [name, []]));
  const outputs: NamedArray[] = [];
  let state = tf.tidy(() => model.start(parameters, batch) as Record<string, tf.Tensor>);
  try {
    for (let step = 0; step < steps; step++) {
      const changes = edits.filter((one) => one.step === step);
      const next = tf.tidy(() => {
        const input = toTensor(select(inputs, { step }));
        const result = siteStep(model, batch, { parameters, state, input }, (site, value) => {
          const edited = changes.filter((one) => one.site === site.name);
          const passed = edited.reduce((now, one) => applyEdit(site, one, now), value);
          captured.get(site.name)?.push(fromTensor(passed, site.name, ["batch", ...site.axes]));
          return passed;
        });
        outputs.push(fromTensor(result.outputs, "outputs", ["batch", "output"]));
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

function stateArray(name: string, value: tf.Tensor): NamedArray {
  const axes = value.shape.slice(1).map((_, index) => `axis ${index}`);
  return fromTensor(value, name, ["batch", ...axes]);
}
