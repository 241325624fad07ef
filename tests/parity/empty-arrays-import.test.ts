import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { useBackend } from "../../src/tensors/backend.js";

test("arrays without numbers are right on a wasm backend that somebody else has imported", async () => {
  expect(tf.findBackendFactory("wasm")).not.toBeNull();
  for (const backend of ["wasm", "cpu", "wasm"] as const) {
    await useBackend(backend);
    tf.dispose(Array.from({ length: 8 }, () => tf.fill([64], 9)));
    expect([...tf.sum(tf.zeros([2, 0]), 1).dataSync()]).toEqual([0, 0]);
  }
});
