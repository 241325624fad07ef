import { deflateSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedBundle, embeddedSources } from "../../src/explorer/embedded.js";
import { decodeCheckpoint } from "../../src/model/checkpoint.js";
import { ntm } from "../../src/model/ntm.js";
import { EXPLORER_MIME, explorer } from "../../src/notebook/explorer.js";
import { spread } from "../../src/notebook/explorer-excerpt.js";
import { outputOf } from "../../src/notebook/show.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type History, openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { memoryStorage } from "../../src/tracker/memory-storage.js";
import type { ReadableStorage } from "../../src/tracker/storage.js";
import { readAll, recordBatch, recording, valueAt } from "../history-rows.js";

const model = ntm({
  ...{ inputs: 2, outputs: 2, slots: 4, word: 3, readHeads: 1, writeHeads: 1 },
  ...{ controller: "feedforward", units: 4, initialWeights: "zero" },
});
const recorded: { name: string; metadata: Readonly<Record<string, string>> } = model;
const epochs = 9;
let history: History;

beforeAll(async () => {
  await useBackend("cpu");
  const storage = memoryStorage();
  const writer = await openHistoryWriter(storage, { ...recording, sites: recording.sites, model: recorded });
  for (let epoch = 0; epoch < epochs; epoch++) for (const batch of [2, 5]) recordBatch(writer, epoch, batch);
  await writer.flush();
  history = await openHistory(storage);
});

const opened = (bundle: EmbeddedBundle): Promise<History> =>
  openHistory(embeddedSources(JSON.parse(JSON.stringify(bundle))).history as ReadableStorage);

describe("an explorer with its data inside", () => {
  test("holds whole a history that there is room for: every value, and the means of all metrics", async () => {
    const { bundle, bytes, leftOut, about } = await explorer({ history });
    const inside = await opened(bundle);
    expect(await readAll(inside)).toEqual(await readAll(history));
    expect(inside.metrics).toEqual(history.metrics);
    expect(inside.sites).toEqual(history.sites);
    expect((await inside.getParameter(3, 5, "memory")).data).toEqual(Float32Array.of(3, 5));
    expect({ leftOut, bytes }).toEqual({ leftOut: [], bytes: JSON.stringify(bundle).length });
    expect(about).toBe("Explorer of the history of ntm at epochs 0 to 8");
  });

  test("keeps within its bytes, tells what is left out, and takes the last epoch before others", async () => {
    const whole = (await explorer({ history })).bytes;
    const mostBytes = Math.round(whole * 0.75);
    const { bundle, bytes, leftOut } = await explorer({ history, mostBytes });
    const inside = await opened(bundle);
    expect(bytes).toBeLessThanOrEqual(mostBytes);
    expect(leftOut.join()).toMatch(/of 9 epochs|more batches/);
    expect(inside.getAvailableEpochs()).toContain(epochs - 1);
    expect(inside.metrics).toEqual(history.metrics); // the loss of all epochs can be drawn
    for (const batch of await readAll(inside)) expect(await readAll(history)).toContain(batch);
  });

  test("holds the epochs that are named, and only those", async () => {
    const { bundle, leftOut } = await explorer({ history, epochs: [7, 1] });
    expect(await readAll(await opened(bundle))).toEqual(["1/2", "1/5", "7/2", "7/5"]);
    expect(leftOut).toEqual(["states of 7 of 9 epochs", "parameters of 7 of 9 epochs"]);
    const [state] = (await opened(bundle)).sites;
    const { data } = await (await opened(bundle)).getState(7, 5, 2, state?.name as string);
    expect(data[0]).toBe(valueAt(7, 5, 2));
  });

  test("holds a loaded checkpoint bit for bit", async () => {
    const parameters = model.parameters(1);
    const { bundle } = await explorer({ checkpoint: { model, parameters, metadata: { task: "copy" } } });
    const [source] = embeddedSources(bundle).checkpoints;
    expect(source?.name).toBe("ntm.safetensors");
    const again = decodeCheckpoint((await source?.load()) as Uint8Array);
    expect(again.metadata).toMatchObject({ task: "copy", model: "ntm" });
    for (const [name, tensor] of Object.entries(parameters)) {
      expect(again.parameters[name]?.dataSync()).toEqual(tensor.dataSync());
    }
  });

  test("refuses what does not belong together, what is too large, and nothing at all", async () => {
    const parameters = model.parameters(1);
    const checkpoint = { model, parameters, metadata: {} };
    await expect(explorer({})).rejects.toThrow("takes a history, a checkpoint or both; neither was given");
    await expect(explorer({ history, epochs: [3, 12] })).rejects.toThrow("epochs takes some of 0, 1, 2,");
    await expect(explorer({ history, epochs: [] })).rejects.toThrow("none was given");
    await expect(explorer({ history, epochs: [3], mostBytes: 1000 })).rejects.toThrow(
      /and 1 kB are allowed. Give fewer/,
    );
    await expect(explorer({ history, mostBytes: 500 })).rejects.toThrow(/allow more: mostBytes: \d+/);
    await expect(explorer({ checkpoint: "no-such-file" })).rejects.toThrow("there is no such file");
    await expect(explorer({ checkpoint, mostBytes: 100 })).rejects.toThrow("are allowed");
    const other = { ...checkpoint, model: { ...model, metadata: { ...model.metadata, model: "nsm" } } };
    await expect(explorer({ history, checkpoint: other })).rejects.toThrow(
      'of another model than the history: its "model" is "nsm", the history\'s is "ntm"',
    );
    // The history's parameter "memory" is no parameter of this model.
    await expect(explorer({ history, checkpoint })).rejects.toThrow('its "memory" has the shape [none]');
  });

  test("is shown under a MIME type of its own, with words for those who cannot draw it", async () => {
    const explored = await explorer({ history, epochs: [0] });
    const output = outputOf(explored);
    expect(output[EXPLORER_MIME]).toBe(explored.bundle);
    expect(output["text/html"]).toContain("<code>npm start</code>");
    expect(output["text/plain"]).toMatch(/^\[Explorer of the history of ntm at epoch 0\. To see it here, open/);
    expect(() => outputOf(Promise.resolve(explored) as never)).toThrow("show(await …)");
  });
});

describe("a bundle of a stranger's", () => {
  const text = (content: Uint8Array): string => Buffer.from(deflateSync(content)).toString("base64");

  test.each([
    [undefined, /another version/],
    [{}, /another version/],
    [{ version: 2, checkpoints: [] }, /another version/],
    [{ version: 1, checkpoints: [], history: { "a\u202eb": "%%%" } }, /"a\\u\{202e\}b" are damaged/],
    [{ version: 1, checkpoints: [], history: { part: "AAAA" } }, /"part" are damaged/],
    [{ version: 1, checkpoints: [], history: { part: 5 } }, /"part" are damaged/],
  ])("%j is refused with one clear sentence", (bundle, message) => {
    expect(() => embeddedSources(bundle as unknown as EmbeddedBundle)).toThrow(message);
  });

  test("tells of a damaged checkpoint when it is chosen, and leaves the rest alone", async () => {
    const checkpoints = [
      { name: "good", base64: text(Uint8Array.of(1, 2)) },
      { name: "bad", base64: "AAAA" },
    ];
    const [good, bad] = embeddedSources({ version: 1, checkpoints }).checkpoints;
    expect(await good?.load()).toEqual(Uint8Array.of(1, 2));
    await expect(bad?.load()).rejects.toThrow('The data of "bad" are damaged');
  });
});

test("epochs are taken from the ends inwards, each once", () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8])).toEqual([8, 0, 4, 2, 6, 1, 3, 5, 7]);
  for (let count = 0; count < 20; count++) {
    const numbers = Array.from({ length: count }, (_, index) => 3 * index);
    expect(spread(numbers).sort((a, b) => a - b)).toEqual(numbers);
  }
});
