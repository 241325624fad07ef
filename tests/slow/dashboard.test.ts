import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { historyFolder } from "../../src/files/folder-storage.js";
import { openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { historyAt } from "../../src/tracker/http-storage.js";
import { readAll, recordBatch, recording, valueAt } from "../history-rows.js";
import { limit } from "../limit.js";
import { browserMissing, launchBrowser, openPage } from "./browser.js";
import { type Ended, refusedIn } from "./command-line.js";
import { root, until } from "./scratch.js";

const checkpoint = join(root, "data", "ntm-copy.safetensors");
const ofCopy = { name: "ntm", metadata: { model: "ntm" } };
let folder: string;
let history: string;
let secret: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope dashboard é-"));
  history = join(folder, "history");
  secret = join(folder, "secret.parquet");
  await writeFile(secret, "secret");
  await record(history, 0, 1);
  await symlink(secret, join(history, "part-000099.parquet"));
  await writeFile(join(history, ".hidden"), "secret");
  await mkdir(join(history, "deeper"));
  await writeFile(join(history, "deeper", "part-000001.parquet"), "secret");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A history of another model than any checkpoint, one epoch at a time. */
async function record(path: string, from: number, epochs: number): Promise<void> {
  const options = from === 0 ? {} : { resumeAt: [from, 0] as const };
  const writer = await openHistoryWriter(historyFolder(path), { ...recording, model: ofCopy }, options);
  for (let epoch = from; epoch < from + epochs; epoch++) recordBatch(writer, epoch, 0);
  await writer.flush();
}

interface Running {
  readonly child: ChildProcess;
  readonly address: string;
  readonly said: () => string;
}

const running: ChildProcess[] = [];
afterAll(async () => {
  for (const child of running) {
    if (child.exitCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});

function start(words: readonly string[]): { child: ChildProcess; out: () => string; err: () => string } {
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env; // no browser is to open
  const child = spawn(process.execPath, [join(root, "src/cli/tapescope.mjs"), "dashboard", ...words], {
    env,
    cwd: folder,
    timeout: limit,
  });
  running.push(child);
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  return { child, out: () => out, err: () => err };
}

/** The command, once it listens on a free port. */
async function dashboard(words: readonly string[]): Promise<Running> {
  const { child, out, err } = start([...words, "--port", "0"]);
  await until(() => out().includes("Ctrl-C ends it") || child.exitCode !== null, "the dashboard's start");
  const address = /http:\S+/.exec(out())?.[0];
  if (!address) throw new Error(`The dashboard did not start: ${err()}`);
  return { child, address, said: () => out() + err() };
}

/** The command where it is to fail. */
function refusal(words: readonly string[]): Promise<Ended> {
  return refusedIn(folder, ["dashboard", ...words]);
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A request as it is written, path and all: fetch() would tidy it. */
function ask(address: string, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(address);
  return new Promise((done, fail) => {
    const sent = request(
      { host: hostname, port, path, headers, method, setHost: !("Host" in headers) },
      async (response) => {
        const pieces: Buffer[] = [];
        for await (const piece of response) pieces.push(piece);
        done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) });
      },
    );
    sent.on("error", fail).end();
  });
}

describe("the server", () => {
  let server: Running;
  beforeAll(async () => {
    server = await dashboard(["--state_history", history, "--model", join(root, "data")]);
  });
  const get = (path: string, headers?: Record<string, string>, method?: string) =>
    ask(server.address, path, headers, method);

  test("says what it shows and where, and listens on this machine only", () => {
    expect(server.said()).toMatch(/^The explorer of .*history \(ntm, 8 rows\) and \d+ checkpoints is at http:\/\/127/m);
    expect(server.said()).toMatch(/^tapescope: Of another model than history: .*They can be run, but/m);
  });

  test("gives the page, its scripts, and what there is to show, under a strict policy", async () => {
    for (const [path, type] of [
      ["/", /^text\/html/],
      ["/start.js", /^text\/javascript/],
      ["/explorer.js", /^text\/javascript/],
      ["/explorer.css", /^text\/css/],
      ["/plotly.min.js", /^text\/javascript/],
      ["/sources.json", /^application\/json/],
    ] as const) {
      const { status, headers, body } = await get(path);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect(headers["content-type"]).toMatch(type);
      expect(body.length).toBe(Number(headers["content-length"]));
      expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
      expect(headers["content-security-policy"]).not.toMatch(/script-src[^;]*'unsafe-(inline|eval)'/);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
      });
    }
    const sources = JSON.parse((await get("/sources.json")).body.toString());
    expect(sources).toMatchObject({ history: "history", live: true });
    expect(sources.checkpoints).toContain("ntm-copy.safetensors");
  });

  test("gives checkpoints byte for byte", async () => {
    const { body } = await get("/checkpoints/ntm-copy.safetensors");
    expect(body.equals(await readFile(checkpoint))).toBe(true);
  });

  test.each([
    ["bytes=0-0", 206, 0, 1],
    ["bytes=5-9", 206, 5, 10],
    ["bytes=10-", 206, 10, undefined],
    ["bytes=-7", 206, -7, undefined],
    ["bytes=3-99999999", 206, 3, undefined],
    ["bytes=9-5", 200, 0, undefined],
    ["bytes=0-1,4-5", 200, 0, undefined],
    ["lines=0-1", 200, 0, undefined],
    ["bytes=", 200, 0, undefined],
  ])("answers the range %s with %i and these bytes", async (range, status, from, to) => {
    const whole = await readFile(join(history, "part-000001.parquet"));
    const answer = await get("/history/part-000001.parquet", { Range: range });
    expect(answer.status).toBe(status);
    expect(answer.body.equals(whole.subarray(from, to))).toBe(true);
    const start = from < 0 ? whole.length + from : from;
    const told = status === 206 ? `bytes ${start}-${start + answer.body.length - 1}/${whole.length}` : undefined;
    expect(answer.headers["content-range"]).toBe(told);
  });

  test.each(["bytes=99999999-", "bytes=-0"])("refuses the range %s, which holds nothing", async (range) => {
    const { status, headers } = await get("/history/part-000001.parquet", { Range: range });
    expect(status).toBe(416);
    expect(headers["content-range"]).toMatch(/^bytes \*\/\d+$/);
  });

  test("reads as a history over HTTP, and shows what is written meanwhile", async () => {
    const opened = await openHistory(historyAt(`${server.address}history`));
    expect(await readAll(opened)).toEqual(["0/0"]);
    await rm(join(history, "part-000099.parquet")); // the writer would go on from its number
    await record(history, 1, 2);
    expect(await opened.refresh()).toBe(true);
    expect(await readAll(opened)).toEqual(["0/0", "1/0", "2/0"]);
    expect((await opened.getState(2, 0, 1, "memory")).data[0]).toBe(valueAt(2, 0, 1));
    await symlink(secret, join(history, "part-000099.parquet"));
  });

  test.each([
    "/../secret.parquet",
    "/history/../secret.parquet",
    "/history/..%2fsecret.parquet",
    "/history/%2e%2e/secret.parquet",
    "/history/..%5csecret.parquet",
    "/history//etc/passwd",
    "/history/%2fetc%2fpasswd",
    "/history/part-000099.parquet", // a link that leads out
    "/history/.hidden",
    "/history/deeper/part-000001.parquet",
    "/history/deeper",
    "/history/",
    "/history",
    "/history/%00",
    "/history/%",
    "/history/constructor",
    "/checkpoints/",
    "/checkpoints/__proto__",
    "/checkpoints/make_attention.py",
    "/checkpoints/..%2fpackage.json",
    "/constructor",
    "/package.json",
    "/plotly.min.js/x",
    "//etc/passwd",
    "http://127.0.0.1/etc/passwd",
    "*",
  ])("gives nothing at %s", async (path) => {
    const { status, body } = await get(path);
    expect(status).toBe(404);
    expect(body.toString()).toBe("There is no such file here.");
  });

  test.each(["evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example", "10.0.0.1", "[::2]", "", "a b"])(
    "refuses the Host %j: a stranger's name that leads here",
    async (Host) => {
      const { status, body } = await get("/sources.json", { Host });
      expect([400, 421]).toContain(status); // an empty one Node refuses itself
      expect(body.toString()).not.toContain("checkpoints");
    },
  );

  test.each(["localhost:9000", "127.0.0.1", "[::1]:8050", "LOCALHOST"])("answers to the Host %s", async (Host) => {
    expect((await get("/", { Host })).status).toBe(200);
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("refuses %s", async (method) => {
    const { status, headers } = await get("/", {}, method);
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: "GET, HEAD" });
  });

  test("tells the size alone to HEAD, and sends a script again only when it has changed", async () => {
    const { headers, body } = await get("/explorer.js", {}, "HEAD");
    expect(body.length).toBe(0);
    expect(Number(headers["content-length"])).toBeGreaterThan(1000);
    const again = await get("/explorer.js", { "If-None-Match": String(headers.etag) });
    expect({ status: again.status, size: again.body.length }).toEqual({ status: 304, size: 0 });
    expect((await get("/history/_manifest-latest.json")).headers["cache-control"]).toBe("no-store");
  });

  test("ends cleanly on Ctrl-C, also while a browser holds a connection", async () => {
    const held = fetch(server.address, { keepalive: true });
    await held;
    server.child.kill("SIGINT");
    const [code, signal] = await once(server.child, "exit");
    expect({ code, signal }).toEqual({ code: 0, signal: null });
  });
});

describe("the command", () => {
  test("refuses with one line and exit code 2 what cannot be shown", async () => {
    const damaged = join(folder, "damaged.safetensors");
    await copyFile(checkpoint, damaged);
    await truncate(damaged, 5000);
    const lost = join(folder, "lost");
    await record(lost, 0, 1);
    for (const name of ["_manifest-000001.json", "_manifest-000002.json", "_manifest-latest.json"]) {
      await appendFile(join(lost, name), "x");
    }
    const uses: [string[], RegExp][] = [
      [["--state-history", join(folder, "nothing")], /There is no state history in ".*nothing"/],
      [["--state-history", checkpoint], /is a file; a state history is a folder/],
      [["--state-history", lost], /is lost: .* is damaged/],
      [["--model", "nothing.safetensors"], /"nothing.safetensors" could not be read: there is no such file or folder/],
      [["--model", damaged], /damaged.safetensors" could not be read: .*(cut off|bytes)/],
      [["--model", secret], /could not be read: .*no safetensors file/],
      [["--model", history], /There is no checkpoint in ".*history"/],
      [["--state-history", history, "--model", checkpoint], /is a checkpoint of another model than that of/],
      [["--port", "http"], /--port takes a whole number/],
      [["--port", "70000"], /--port takes a whole number up to 65535/],
      [["--host", "no.such.host.invalid", "--model", checkpoint, "--port", "0"], /no.such.host.invalid/],
      [["--state-history", history, "--state_history", history], /are the same; give one of them/],
      [["something"], /dashboard takes no argument/],
    ];
    for (const [words, message] of uses) {
      const { code, err } = await refusal(words);
      expect({ words, code }).toEqual({ words, code: 2 });
      expect(err).toMatch(message);
      expect(err.trim().split("\n")).toHaveLength(1);
    }
  });

  test("says that a port is in use, with a stack trace only if it is asked to debug", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const words = ["--model", checkpoint, "--port", `${port}`];
    const plain = await refusal(words);
    const debug = await refusal([...words, "--debug"]);
    other.close();
    expect(plain).toEqual({
      code: 2,
      out: "",
      err: `tapescope: Port ${port} of 127.0.0.1 is in use; end what uses it, or choose another: --port 0 takes any that is free.\n`,
    });
    expect(debug.err).toMatch(/^ +at /m);
  });

  test("without arguments shows what is in data/, damaged or foreign files only warned of", async () => {
    const { address, child } = await dashboard([]);
    const { checkpoints } = (await fetch(`${address}sources.json`).then((answer) => answer.json())) as {
      checkpoints: string[];
    };
    expect(checkpoints).toEqual(expect.arrayContaining(["nsm-recall.safetensors", "ntm-copy.safetensors"]));
    child.kill("SIGINT");
    await once(child, "exit");
  });
});

describe.skipIf(browserMissing)("the page in a browser", () => {
  test("starts under its policy and shows the history that is served", async () => {
    const browser = await launchBrowser();
    const { address, child } = await dashboard(["--state-history", history]);
    const page = await openPage(browser, { viewport: { width: 1400, height: 900 } });
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (sent) => {
      if (!sent.url().startsWith(address) && !/^(data|blob):/.test(sent.url())) problems.push(sent.url());
    });
    await page.goto(address);
    await page.getByRole("tab", { name: "Training history" }).waitFor();
    await page.locator(".js-plotly-plot .main-svg").first().waitFor();
    expect(problems).toEqual([]);
    child.kill("SIGINT");
    await once(child, "exit");
    await browser.close();
  });

  test("opens on a mode that has something to show, whatever the address names", async () => {
    const browser = await launchBrowser();
    const opens = async (words: readonly string[], hash: string, mode: string): Promise<void> => {
      const { address, child } = await dashboard(words);
      const page = await openPage(browser);
      await page.goto(`${address}${hash}`);
      await page.getByRole("tab", { name: mode, selected: true }).waitFor();
      await page.locator(".js-plotly-plot .main-svg").first().waitFor();
      child.kill("SIGINT");
      await once(child, "exit");
    };
    await opens(["--model", checkpoint], "", "Inference");
    await opens(["--model", checkpoint], "#mode=history&epoch=3", "Inference");
    await opens(["--state-history", history], "#mode=experiment", "Training history");
    await browser.close();
  });
});
