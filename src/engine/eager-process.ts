import * as tf from "@tensorflow/tfjs-core";
import { disposeTensors, type Tensors } from "../tensors/tensors.js";
import { type Arrays, arraysFrom, cloned, tensorsFrom } from "./arrays.js";

/** One step of a process: from its state and what it is given, the next state and what comes out. */
export type Advance = (state: Tensors, inputs: Tensors) => { readonly state: Tensors; readonly outputs: Tensors };

/** Something that goes on step by step, such as a training: its state stays where it is computed. */
export interface Process {
  /**
   * One step.
   *
   * @param accept looks at the outputs; where it says no, the state stays as it was
   */
  advance(inputs: Arrays, accept?: (outputs: Arrays) => boolean): Arrays;
  /** The state now, or before the last step that was accepted. */
  state(when?: "now" | "before"): Arrays;
  /** Go on from another state of the same shapes. */
  replace(state: Arrays): void;
  /** Why steps run as they are instead of being replayed. */
  readonly refusal: () => string | undefined;
  dispose(): void;
}

/** The same process computed by the backend in use, operation by operation. */
export function eagerProcess(advance: Advance, initial: Arrays, previous: Arrays = initial): Process {
  let now = tensorsFrom(initial);
  let before = tensorsFrom(previous);
  return {
    advance(inputs, accept) {
      const next = tf.tidy(() => {
        const { state, outputs } = advance(now, tensorsFrom(inputs));
        return { state: cloned(state), outputs: cloned(outputs) }; // a state may be another's old value
      });
      const outputs = arraysFrom(next.outputs);
      disposeTensors(next.outputs);
      if (accept && !accept(outputs)) {
        disposeTensors(next.state);
        return outputs;
      }
      disposeTensors(before);
      before = now;
      now = next.state;
      return outputs;
    },
    state: (when = "now") => arraysFrom(when === "now" ? now : before),
    replace(state) {
      disposeTensors(before);
      before = now;
      now = tensorsFrom(state);
    },
    refusal: () => undefined,
    dispose() {
      disposeTensors(before);
      disposeTensors(now);
    },
  };
}
