// The page's script: editedRunTimes(...) on globalThis.
import { useBackend } from "../../../dist/tensors/backend.js";
import { editedRun } from "./edited-run.mjs";

/** Milliseconds of the first run, and of one run in each of 60 turns of five. */
globalThis.editedRunTimes = async (base64, batch, record) => {
  await useBackend("cpu");
  const once = editedRun(
    Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
    batch,
    record,
  );
  const time = (runs) => {
    const started = performance.now();
    for (let run = 0; run < runs; run++) once();
    return (performance.now() - started) / runs;
  };
  const first = time(1);
  time(50); // kernels are optimised while they run
  return { first, times: Array.from({ length: 60 }, () => time(5)) };
};
