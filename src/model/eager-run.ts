import * as tf from "@tensorflow/tfjs-core";
import { type NamedArray, select, sizeOf, stack } from "../tensors/named-array.js";
import { disposeTensors, replaceTensors, type Tensors } from "../tensors/tensors.js";
import { fromTensor, toTensor } from "../tensors/transfer.js";
import { applyEdits } from "./edits.js";
import type { Run, RunRequest, State, StateValue } from "./run-request.js";
import { siteStep } from "./site-step.js";

/** Carry out a run step by step, operation by operation, on the backend in use. */
export function eagerRun(request: RunRequest): Run {
  const { model, parameters, inputs, steps, batch, recorded, edits, from, keep } = request;
  const first = from?.step ?? 0;
  const captured = new Map<string, NamedArray[]>(recorded.map(({ name }) => [name, []]));
  const [outputs, logits]: [NamedArray[], NamedArray[]] = [[], []];
  let state = tf.tidy(() => (from ? stateOf(from.state, batch) : model.start(parameters, batch)) as Tensors);
  try {
    for (let step = first; step < steps; step++) {
      if (step > first) keep?.(step, firstState(state));
      const changes = edits.filter((one) => one.step === step);
      const next = tf.tidy(() => {
        const input = toTensor(select(inputs, { step }));
        const result = siteStep(model, batch, { parameters, state, input }, (site, value) => {
          const edited = changes.filter((one) => one.site === site.name);
          const passed = edited.length > 0 ? applyEdits(site, edited, value) : value;
          captured.get(site.name)?.push(fromTensor(passed, site.name, ["batch", ...site.axes]));
          return passed;
        });
        outputs.push(fromTensor(result.outputs, "outputs", ["batch", "output"]));
        logits.push(fromTensor(result.logits, "logits", ["batch", "output"]));
        return result.state as Record<string, tf.Tensor>;
      });
      replaceTensors(state, next);
      state = next;
    }
    return {
      outputs: stack(outputs, "step"),
      logits: stack(logits, "step"),
      trace: Object.fromEntries(recorded.map(({ name }) => [name, stack(captured.get(name) ?? [], "step")])),
      state: Object.fromEntries(Object.entries(state).map(([name, value]) => [name, stateArray(name, value)])),
    };
  } finally {
    disposeTensors(state);
  }
}

/** One state for all sequences of a batch. */
function stateOf(state: State, batch: number): Record<string, tf.Tensor> {
  const values = Object.entries(state).map(([name, { shape, data, dtype }]): [string, tf.Tensor] => {
    const one = tf.tensor(data, [1, ...shape], dtype ?? "float32");
    return [name, tf.tile(one, [batch, ...shape.map(() => 1)])];
  });
  return Object.fromEntries(values);
}

/** The state of the first sequence of a batch. */
function firstState(state: Tensors): State {
  const values = Object.entries(state).map(([name, value]): [string, StateValue] => {
    const shape = value.shape.slice(1);
    const data = Float32Array.from(value.dataSync().subarray(0, sizeOf(shape)));
    return [name, { shape, data, dtype: value.dtype as NonNullable<StateValue["dtype"]> }];
  });
  return Object.fromEntries(values);
}

function stateArray(name: string, value: tf.Tensor): NamedArray {
  const axes = value.shape.slice(1).map((_, index) => `axis ${index}`);
  return fromTensor(value, name, ["batch", ...axes]);
}
