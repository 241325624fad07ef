import type { Model } from "./model.js";

const known = new WeakSet<Model>();

/** Note that a model is of this library, which makes it again of its metadata. */
export function ofLibrary(model: Model): Model {
  known.add(model);
  return model;
}

/** Whether a model is one of this library, as it was made. */
export function isOfLibrary(model: Model): boolean {
  return known.has(model);
}
