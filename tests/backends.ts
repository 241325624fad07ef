import { root } from "../src/setup/places.mjs";
import { hasNative } from "../src/setup/step-native.mjs";
import { type BackendName, backendNames } from "../src/tensors/backend.js";

/** The backends that are here, the native one where set-up has put it: then it has to load. */
export const backendsHere: readonly BackendName[] = backendNames.filter((name) => name !== "native" || hasNative(root));
