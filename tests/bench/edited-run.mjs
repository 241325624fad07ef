// One edited run of the multiplication checkpoint, 27 × 4, with all sites recorded or only the outputs: replayed, beside
// the same operation by operation on TensorFlow.js's native backend; and in headless Chromium, beside the limit of 5 ms.
// "first" is the first run of a model, in which its step is recorded. BENCH_CHECKPOINT names another checkpoint.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build } from "vite";
import { useBackend } from "../../dist/tensors/backend.js";
import { browserPath } from "./shared/browser.mjs";
import { editedRun } from "./shared/edited-run.mjs";
import { clock, interleave, median, tell } from "./shared/measure.mjs";

const root = join(import.meta.dirname, "..", "..");
const bytes = readFileSync(process.env.BENCH_CHECKPOINT ?? join(root, "data", "ttm-multiplication.safetensors"));
const recordings = { "outputs only": [], "all sites": ["*"] };
const batches = [1, 64];
const limit = 5; // ms

/** A run as it is where `backend` names one, else replayed. */
function timed(run, backend) {
  return () => {
    process.env.TAPESCOPE_BACKEND = backend;
    return clock(run);
  };
}

await inNode();
await inChromium();

async function inNode() {
  const eager = await useBackend("native").catch(() => useBackend("wasm"));
  for (const [recorded, record] of Object.entries(recordings)) {
    for (const batch of batches) {
      const runs = [editedRun(bytes, batch, record), editedRun(bytes, batch, record)];
      const [replayed, asItIs] = [timed(runs[0], ""), timed(runs[1], eager)];
      const [theirFirst, first] = [asItIs(), replayed()];
      if (recorded === "outputs only") {
        tell({ name: "edited-run first", batch, unit: "ms", ours: first, peer: `tfjs ${eager}`, theirs: theirFirst });
      }
      for (let warm = 0; warm < 20; warm++) replayed();
      const { ours, theirs } = await interleave(7, {
        ours: { time: replayed, again: 10 },
        theirs: { time: asItIs, again: batch > 1 ? 1 : 3 },
      });
      tell({ name: `edited-run, ${recorded}`, batch, unit: "ms", ours, peer: `tfjs ${eager}`, theirs });
    }
  }
}

async function inChromium() {
  const executablePath = browserPath();
  if (!executablePath) return console.error("No Chromium on PATH: no figures of a browser.");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const script = await bundled();
    for (const [recorded, record] of Object.entries(recordings)) {
      const page = await browser.newPage();
      await page.addScriptTag({ content: script });
      const given = [bytes.toString("base64"), 1, record];
      const { first, times } = await page.evaluate((all) => globalThis.editedRunTimes(...all), given);
      console.error(`In Chromium the first run, ${recorded}, took ${first.toFixed(0)} ms.`);
      const name = `edited-run in Chromium, ${recorded}`;
      tell({ name, batch: 1, unit: "ms", ours: median(times), peer: "limit", theirs: limit });
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

/** The page's script as text. */
async function bundled() {
  const [{ output }] = await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      lib: {
        entry: join(import.meta.dirname, "shared", "edited-run-page.mjs"),
        formats: ["iife"],
        name: "editedRunPage",
        fileName: "page",
      },
    },
  });
  return output[0].code;
}
