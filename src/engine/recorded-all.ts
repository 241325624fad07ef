import { recordedActivations } from "./recorded-activations.js";
import { recordedGathers } from "./recorded-gathers.js";
import { recordedIntegers } from "./recorded-integers.js";
import type { RecordedKernels } from "./recorded-kernel.js";
import { recordedLayouts } from "./recorded-layouts.js";
import { recordedMaps } from "./recorded-maps.js";
import { recordedSums } from "./recorded-sums.js";

/** Every kernel that can be recorded, by name. */
export const recordedKernels: RecordedKernels = {
  ...recordedMaps,
  ...recordedIntegers,
  ...recordedActivations,
  ...recordedLayouts,
  ...recordedGathers,
  ...recordedSums,
};
