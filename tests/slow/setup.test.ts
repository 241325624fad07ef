import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { npm, root, venvPython } from "../../src/setup/places.mjs";
import { run } from "../../src/setup/run.mjs";
import { npmStep } from "../../src/setup/step-npm.mjs";
import { limit } from "../limit.js";

/** A copy of what is in the repository, committed or not, with nothing set up. The tests below go on from each other. */
let clone = "";
const temporary: string[] = [];

beforeAll(() => {
  clone = temporaryFolder();
  const listed = execFileSync("git", ["ls-files", "-coz", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    timeout: limit,
  });
  for (const path of listed.split("\0")) {
    const isHere = path && existsSync(join(root, path));
    if (isHere && !path.startsWith("data/")) cpSync(join(root, path), join(clone, path), { recursive: true });
  }
});

afterAll(() => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tapescope setup "))); // a space, as in many a user's path
  temporary.push(folder);
  return folder;
}

type Env = Record<string, string>;

/** As from a shell: without what npm and vitest have put into this process's environment. */
function environment(more: Env): Env {
  const ours = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_ENV|NODE_OPTIONS|CXX)/.test(name));
  // tfjs-node's installer asks a closed port for its download, so that it fails at once, with a network and without.
  return { ...(Object.fromEntries(ours) as Env), TFJS_NODE_BASE_URI: "http://127.0.0.1:9/", ...more };
}

function start(command: string, args: string[], more: Env, nodeArgs: string[] = []) {
  const child = spawn(process.execPath, [...nodeArgs, join(clone, "src", "setup", `${command}.mjs`), ...args], {
    cwd: clone,
    env: environment(more),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  child.stderr.on("data", (text) => {
    output += text;
  });
  const ended = new Promise<{ code: number | null; lines: string[] }>((resolve) => {
    child.on("close", (code) => resolve({ code, lines: output.trimEnd().split("\n") }));
  });
  return { child, ended, output: () => output };
}

/** Run a command of set-up to its end. */
function call(command: string, args: string[] = [], more: Env = {}, nodeArgs: string[] = []) {
  return start(command, args, more, nodeArgs).ended;
}

const seconds = expect.stringMatching(/^✓ Set-up is complete: computing with wasm \([\d.]+ s\)$/);
const without = expect.stringMatching(/^– Native TensorFlow: its download failed; wasm is used instead\. .*--native/);
const made = (name: string, reason: string) => expect.stringContaining(`✓ ${name}: done, ${reason} (`);
/** Where the output is no terminal, a step that is made has two lines: it begins, it is done. */
const making = (name: string, reason: string) => [`… ${name}`, made(name, reason)];
const nothingToDo = expect.stringContaining("✓ Set-up is complete, nothing to do: computing with wasm (");

describe("Set-up of a fresh clone", () => {
  it("refuses a Node that is too old, in one line", async () => {
    const old = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.4'})";
    for (const command of ["setup", "start", "test"]) {
      const { code, lines } = await call(command, [], {}, ["--import", old]);
      expect(code).toBe(1);
      expect(lines).toEqual([expect.stringMatching(/^✗ Node 18\.20\.4 is too old: .*20\.19\.0 or newer\. Install it/)]);
    }
  });

  it("refuses an argument that it does not know, in one line", async () => {
    const { code, lines } = await call("setup", ["--naive"]);
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringContaining('✗ "--naive" is not known here.')] });
  });

  it("tells in one line that the registry cannot be reached", async () => {
    const offline = { npm_config_registry: "http://127.0.0.1:9/", npm_config_cache: temporaryFolder() };
    const { code, lines } = await call("setup", [], { ...offline, npm_config_fetch_retries: "0" });
    expect(lines).toEqual([
      "… npm packages",
      expect.stringMatching(/^✗ npm packages: npm ci: .*registry cannot be reached\. Check .*again/),
    ]);
    expect(code).toBe(1);
  });

  it("tells each step as it begins, and ends what it started when it is interrupted", async () => {
    const silent = createServer().listen(0, "127.0.0.1"); // a registry that never answers: npm waits for it
    await once(silent, "listening");
    const { child, ended, output } = start("setup", [], {
      npm_config_registry: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`,
      npm_config_cache: temporaryFolder(),
      npm_config_fetch_timeout: "3600000",
    });
    const [socket] = (await once(silent, "connection")) as [Socket];
    expect(output()).toBe("… npm packages\n");
    const gone = once(socket.resume(), "close");
    child.kill("SIGTERM");
    await ended;
    await gone; // with npm itself
    silent.close();
  });

  it("goes from packages that were deleted, and from half an environment, to done, and tells each step", {
    timeout: 4 * limit,
  }, async () => {
    const record = join("node_modules", ".package-lock.json");
    mkdirSync(join(clone, "node_modules", "half"), { recursive: true });
    expect(npmStep(clone).missing()).toBe("their installation had not finished");
    cpSync(join(root, record), join(clone, record));
    const venv = join(clone, ".venv");
    for (const name of ["bin", "native"]) mkdirSync(join(venv, name), { recursive: true });
    for (const name of ["pyvenv.cfg", "bin/jupyter-lab", "native/kept"]) writeFileSync(join(venv, name), "");
    symlinkSync(join(venv, "uninstalled"), join(venv, "bin", "python"));
    const { code, lines } = await call("setup");
    expect(lines).toEqual([
      "… npm packages",
      expect.stringMatching(/^✓ npm packages: done, \S+ was missing \(/),
      ...making("Python packages", "its Python had vanished"),
      ...making("TypeScript kernel", "it had no description"),
      ...making("Build", "src/ was not built"),
      ...making("Report template, JupyterLab extension and configuration", "they were not copied"),
      "… Native TensorFlow",
      without,
      seconds,
    ]);
    expect(code).toBe(0);
    expect(existsSync(join(venv, "native", "kept"))).toBe(true);
  });

  it("leaves a Jupyter that knows the kernel, the template and the renderer", async () => {
    const script = [
      "import json, jupyter_client.kernelspec, nbconvert, pathlib, sys",
      "spec = jupyter_client.kernelspec.KernelSpecManager().get_kernel_spec('tslab')",
      "page = nbconvert.HTMLExporter(template_name='tapescope')",
      "share = pathlib.Path(sys.prefix, 'share', 'jupyter')",
      "there = [(share / 'labextensions' / name).is_dir() for name in ('jupyterlab-plotly', 'tapescope-explorer')]",
      "print(json.dumps([spec.argv[0], spec.argv[-2], page.template_name, *there]))",
    ];
    const { output } = await run(venvPython(clone), ["-c", script.join("\n")], { env: environment({}) });
    const launcher = join(clone, "src", "kernel", "start.mjs");
    expect(JSON.parse(output)).toEqual([process.execPath, launcher, "tapescope", true, true]);
    const cells = [["const slot = 3;"], ["console.log({ slot });"]];
    const ask = [join(clone, "tests", "slow", "kernel.py"), JSON.stringify(cells)];
    const { output: shown } = await run(venvPython(clone), ask, { cwd: clone, env: environment({}) });
    expect(JSON.parse(shown)).toEqual([{ status: "ok" }, { status: "ok", stdout: "{ slot: 3 }\n" }]);
  });

  it("has nothing to do the second time, and npm start goes straight to JupyterLab", async () => {
    const { code, lines } = await call("start", ["--version"]);
    expect({ code, lines }).toEqual({ code: 0, lines: [nothingToDo, expect.stringMatching(/^4\./)] });
  });

  it("gives `npx tapescope` its command, in every folder of the clone, with nothing to install", async () => {
    const { command, first } = npm();
    const cache = temporaryFolder();
    const env = environment({ npm_config_cache: cache });
    for (const folder of [clone, join(clone, "notebooks"), join(clone, "notebooks", "images")]) {
      const words = [...first, "exec", "--offline", "--", "tapescope", "--help"];
      const { code, output } = await run(command, words, { cwd: folder, env });
      expect({ folder, code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/^Usage: tapescope/) });
    }
    expect(existsSync(join(cache, "_npx"))).toBe(false);
  });

  it("mends the kernel, the template and the build where they are wrong, and only those", async () => {
    const kernel = join(clone, ".venv", "share", "jupyter", "kernels", "tslab", "kernel.json");
    const template = join(clone, ".venv", "share", "jupyter", "nbconvert", "templates", "tapescope");
    writeFileSync(kernel, readFileSync(kernel, "utf8").replaceAll(clone, "/where/it/was"));
    const page = join(template, "index.html.j2");
    writeFileSync(page, "half");
    writeFileSync(join(template, "old.html.j2"), "from an older version");
    rmSync(join(clone, "dist", "tensors", "random.js"));
    const { lines } = await call("start", ["--version"]);
    expect(lines).toEqual([
      "· npm packages: in place",
      "· Python packages: in place",
      ...making("TypeScript kernel", "its description was out of date"),
      ...making("Build", "dist/tensors/random.js was missing"),
      ...making("Report template, JupyterLab extension and configuration", `${relative(clone, page)} was out of date`),
      "· Native TensorFlow: in place",
      seconds,
      expect.stringMatching(/^4\./),
    ]);
    expect(readFileSync(kernel, "utf8")).not.toContain("/where/it/was");
    expect(existsSync(join(template, "old.html.j2"))).toBe(false);
    expect(existsSync(join(clone, "dist", "tensors", "random.js"))).toBe(true);
  });

  it("builds again what has changed, and drops what was built from a file that is gone", async () => {
    writeFileSync(join(clone, "src", "passing.ts"), "export const passing: number = 1;\n");
    expect((await call("setup")).lines).toContainEqual(made("Build", "dist/passing.js was missing"));
    expect(existsSync(join(clone, "dist", "passing.js"))).toBe(true);
    rmSync(join(clone, "src", "passing.ts"));
    expect((await call("setup")).lines).toContainEqual(made("Build", "src/ had changed"));
    expect(existsSync(join(clone, "dist", "passing.js"))).toBe(false);
  });

  it("shows the compiler's words when the build fails", async () => {
    writeFileSync(join(clone, "src", "passing.ts"), "export const passing: number = 'one';\n");
    const { code, lines } = await call("setup");
    rmSync(join(clone, "src", "passing.ts"));
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe("✗ Build: tsc failed; the end of its output is above. Mend src/, then try again.");
    expect(lines).toContainEqual(expect.stringMatching(/^src\/passing\.ts.*not assignable/));
  });

  it("run twice at once does its work once", async () => {
    writeFileSync(join(clone, ".venv", "setup.lock"), `${await deadProcess()} ${hostname()} 0\n`);
    writeFileSync(join(clone, "src", "passing.ts"), "export const passing: number = 1;\n");
    const both = await Promise.all([call("setup"), call("setup")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.flatMap(({ lines }) => lines).filter((line) => line.startsWith("✓ Build: done"))).toHaveLength(1);
    expect(existsSync(join(clone, ".venv", "setup.lock"))).toBe(false);
  });

  it("tells in one line that native TensorFlow needs a compiler", async () => {
    const { code, lines } = await call("setup", ["--native"], { PATH: temporaryFolder() });
    expect(lines.at(-1)).toMatch(/^✗ Native TensorFlow: it needs a C\+\+ compiler, .*apt install g\+\+/);
    expect(lines.filter((line) => !/^[·…]/.test(line))).toHaveLength(1);
    expect(code).toBe(1);
  });

  it("tells in one line that there is no Python, when a command deleted from the environment asks for one", async () => {
    rmSync(join(clone, ".venv", "bin", "jupyter-lab"));
    const { code, lines } = await call("start", ["--version"], { PATH: temporaryFolder() });
    expect(lines).toEqual([
      "· npm packages: in place",
      "… Python packages",
      expect.stringMatching(
        /^✗ Python packages: Python 3\.10 or newer was not found \(tried .*apt install python3 python3-venv/,
      ),
    ]);
    expect(code).toBe(1);
  });
});

describe("A command", () => {
  it("gives its code and what it printed", async () => {
    const result = await run(process.execPath, ["-e", "console.log(1); console.error(2); process.exit(3)"]);
    expect(result).toEqual({ code: 3, output: expect.stringMatching(/1\n2\n|2\n1\n/), timedOut: false });
  });

  it("that does not exist is a failure like another", async () => {
    expect(await run("no-such-command", [])).toMatchObject({ code: 127, output: expect.stringContaining("ENOENT") });
  });

  it("is ended at its limit, with what it started", async () => {
    const child = "setInterval(() => {}, 1000)";
    const parent = `console.log(require("child_process").spawn(process.execPath, ["-e", "${child}"]).pid); ${child}`;
    let output = "";
    for (let seconds = 1; output === ""; seconds *= 2) {
      const ended = await run(process.execPath, ["-e", parent], { seconds }); // on a busy machine before it had begun
      expect(ended.timedOut).toBe(true);
      output = ended.output;
    }
    await vi.waitFor(() => expect(() => process.kill(Number(output), 0)).toThrow("ESRCH"), limit);
  });
});

async function deadProcess(): Promise<number> {
  return Number((await run(process.execPath, ["-p", "process.pid"])).output);
}
