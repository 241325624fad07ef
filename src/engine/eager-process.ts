import * as tf from "@tensorflow/tfjs-core";
import { disposeTensors, type Tensors } from "../tensors/tensors.js";
import { type Arrays, arraysFrom, cloned, type Packed, packedFrom, tensorsFrom } from "./arrays.js";

/**
 * One step of a process: from its state and what it is given, the next state, what comes out, and what is to be seen
 * besides, if anybody looks on.
 */
export type Advance = (
  state: Tensors,
  inputs: Tensors,
  watched: boolean,
) => { readonly state: Tensors; readonly outputs: Tensors; readonly shown?: Tensors };

/** Something that goes on step by step, such as a training: its state stays where it is computed. */
export interface Process {
  /**
   * One step.
   *
   * @param accept looks at the outputs; where it says no, the state stays as it was
   * @param watch looks at what is shown of a step that was accepted; the state and the outputs are the same without it
   */
  advance(inputs: Arrays, accept?: (outputs: Arrays) => boolean, watch?: (shown: Packed) => void): Arrays;
  /** The state now, or before the last step that was accepted. */
  state(when?: "now" | "before"): Arrays;
  /** Why steps run as they are instead of being replayed. */
  readonly refusal: () => string | undefined;
  dispose(): void;
}

/** The same process computed by the backend in use, operation by operation. */
export function eagerProcess(advance: Advance, initial: Arrays, previous: Arrays = initial): Process {
  let now = tensorsFrom(initial);
  let before = tensorsFrom(previous);
  return {
    advance(inputs, accept, watch) {
      const next = tf.tidy(() => {
        const { state, outputs, shown = {} } = advance(now, tensorsFrom(inputs), watch !== undefined);
        // What is given out may be an old value of the state, or the same as something else.
        return { state: cloned(state), outputs: cloned(outputs), shown: cloned(shown) };
      });
      const [outputs, shown] = [arraysFrom(next.outputs), packedFrom(next.shown)];
      disposeTensors(next.outputs);
      disposeTensors(next.shown);
      if (accept && !accept(outputs)) {
        disposeTensors(next.state);
        return outputs;
      }
      disposeTensors(before);
      before = now;
      now = next.state;
      watch?.(shown);
      return outputs;
    },
    state: (when = "now") => arraysFrom(when === "now" ? now : before),
    refusal: () => undefined,
    dispose() {
      disposeTensors(before);
      disposeTensors(now);
    },
  };
}
