import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DashboardServer, startServer } from "../../src/dashboard/server.js";
import { historyFolder } from "../../src/files/folder-storage.js";
import { random } from "../../src/tensors/random.js";
import { openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { browserMissing, launchBrowser, openPage } from "./browser.js";
import { shows } from "./explorer-page.js";

const megabytes = 120;
const [slots, word, tokens, epochs] = [32, 64, 16, 4]; // a state is 8 KB, what a batch recorded of it 128 KB
const size = slots * word;
const batches = Math.ceil((megabytes * 1e6) / (size * 4 * tokens * epochs));
const [mostAtFirst, mostPerMove] = [1e6, 5e5]; // bytes, about twice what it takes: a part of 16 MB says in 0.1 MB what it holds

let folder = "";
let browser: Browser;
let server: DashboardServer;

beforeAll(async () => {
  if (browserMissing) return;
  folder = await mkdtemp(join(tmpdir(), "tapescope-large-"));
  const writer = await openHistoryWriter(historyFolder(folder), {
    model: { name: "large", metadata: {} },
    sites: [{ kind: "state", name: "memory", axes: ["slot", "word"], shape: [slots, word], about: "memory" }],
    settings: { dtype: "float32", samplingRate: 1, sequences: 1 },
  });
  const source = random(1);
  const noise = Float32Array.from({ length: 1 << 20 }, () => source.normal());
  let row = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let batch = 0; batch < batches; batch++) {
      await writer.room();
      for (let step = 0; step < tokens; step++) {
        const from = (row++ * 977) % (noise.length - size);
        const data = noise.slice(from, from + size);
        writer.append({ epoch, batch, step, kind: "state", site: "memory", shape: [1, slots, word], data });
      }
    }
  }
  await writer.flush();
  server = await startServer({
    ...{ places: { history: folder }, host: "127.0.0.1", port: 0, debug: false, log: () => {} },
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (folder) await rm(folder, { recursive: true });
});

describe.skipIf(browserMissing)("A history of more than 100 MB in the page", () => {
  test("is opened, and moved through, by reading only what is seen", async () => {
    const history = await openHistory(historyFolder(folder));
    expect(history.size.bytes).toBeGreaterThan(megabytes * 0.9e6);
    const page = await openPage(browser, { viewport: { width: 1400, height: 1000 } });
    let bytes = 0;
    page.on("request", (request) => {
      if (!request.url().endsWith(".parquet")) return;
      const [, from, to] = /bytes=(\d+)-(\d+)$/.exec(request.headers().range ?? "") ?? [];
      bytes += to === undefined ? Number.POSITIVE_INFINITY : Number(to) - Number(from) + 1;
    });
    /** Wait until the page shows a moment. @returns what was read for it */
    const readFor = async (epoch: number, batch: number, token: number): Promise<number> => {
      await shows(page, `memory after token ${token}:`, (await history.getState(epoch, batch, token, "memory")).data);
      await expect.poll(() => page.locator(".ts-side h2").innerText()).toContain(`batch ${batch}`);
      await expect.poll(() => page.locator(".ts-details tbody tr").count()).toBe(1);
      const read = bytes;
      bytes = 0;
      return read;
    };
    await page.goto(server.address);
    expect(await readFor(epochs - 1, 0, 0)).toBeLessThan(mostAtFirst);

    expect(await move(page, "Token", 7).then(() => readFor(epochs - 1, 0, 7))).toBe(0);
    const moves: number[] = [];
    for (const [epoch, batch] of [
      [1, 0],
      [1, batches - 1],
      [1, batches >> 1],
      [0, batches >> 1],
    ] as const) {
      await move(page, "Epoch", epoch);
      await move(page, "Batch", batch);
      moves.push(await readFor(epoch, batch, 7));
    }
    for (const read of moves) expect(read).toBeLessThan(mostPerMove);
    await page.context().close();
  });
});

/** Move a slider to one of its positions at once, as a click on it does. */
async function move(page: Page, name: string, position: number): Promise<void> {
  await page.getByRole("slider", { name }).fill(`${position}`);
}
