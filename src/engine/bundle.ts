import * as tf from "@tensorflow/tfjs-core";
import type { Tensors } from "../tensors/tensors.js";

/** What a function of tensors takes as an argument, or gives: a tensor, a list of tensors, or named ones. */
export type Bundle = tf.Tensor | readonly tf.Tensor[] | Tensors;

/**
 * The tensors of a bundle: of one that is called "argument 1" they are named "argument 1", "argument 1[0]" or "argument 1.x".
 *
 * @throws if it is none
 */
export function tensorsIn(bundle: Bundle, name: string): Tensors {
  if (bundle instanceof tf.Tensor) return { [name]: bundle };
  if (typeof (bundle as { then?: unknown } | null)?.then === "function") {
    throw new Error(`The ${name} of a compiled function is a promise; a function that waits cannot be compiled.`);
  }
  const entries = typeof bundle === "object" && bundle !== null ? Object.entries(bundle) : undefined;
  const wrong = entries ? entries.find(([, one]) => !(one instanceof tf.Tensor)) : ([undefined, bundle] as const);
  if (wrong) {
    const [key, found] = wrong;
    const what = key === undefined ? name : place(bundle, name, key);
    throw new Error(
      `The ${what} of a compiled function is ${described(found)}; give a tensor, a list of tensors or a record of tensors.`,
    );
  }
  return Object.fromEntries((entries ?? []).map(([key, one]) => [place(bundle, name, key), one]));
}

/** A bundle like another, of the tensors that `tensorsIn` would name. */
export function bundleLike<B extends Bundle>(like: B, name: string, tensors: Tensors): B {
  if (like instanceof tf.Tensor) return tensors[name] as B;
  const entries = Object.keys(like).map((key) => [key, tensors[place(like, name, key)]] as const);
  return (Array.isArray(like) ? entries.map(([, one]) => one) : Object.fromEntries(entries)) as B;
}

function place(bundle: Bundle, name: string, key: string): string {
  return Array.isArray(bundle) ? `${name}[${key}]` : `${name}.${key}`;
}

function described(found: unknown): string {
  if (Array.isArray(found)) return "a list";
  return typeof found === "object" && found !== null ? "an object" : String(found);
}
