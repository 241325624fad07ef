import type { Model } from "../model/model.js";
import { runRefusal } from "../model/run.js";

/** What computed the runs of a model, after the first: the engine, or the backend that was named or is left to it. */
export function computedBy(model: Model, backend: string): string {
  return process.env.TAPESCOPE_BACKEND || runRefusal(model) !== undefined ? backend : "engine";
}
