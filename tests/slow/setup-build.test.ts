import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { filesIn, writeWhole } from "../../src/setup/files.mjs";
import { buildStep } from "../../src/setup/step-build.mjs";

// Compiler and bundler of a few lines, which write what the real ones would.
const compiler = `
const { readdirSync, mkdirSync, writeFileSync } = require("node:fs");
mkdirSync("dist", { recursive: true });
for (const name of readdirSync("src").filter((one) => /\\.tsx?$/.test(one))) {
  for (const end of [".js", ".d.ts", ".js.map"]) writeFileSync("dist/" + name.replace(/\\.tsx?$/, end), "");
}`;
const bundler = `
import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync("dist/explorer-page", { recursive: true });
for (const name of ["explorer.js", "explorer.css"]) writeFileSync("dist/explorer-page/" + name, "");`;

describe("The build of the modules and of the explorer's page", () => {
  const root = mkdtempSync(join(tmpdir(), "tapescope-build-"));
  afterAll(() => rmSync(root, { recursive: true }));
  const write = (path: string, content: string) => writeWhole(join(root, path), content);
  write("tsconfig.json", "{}");
  write("node_modules/typescript/bin/tsc", compiler);
  write("src/dashboard/build-page.mjs", bundler);
  write("src/one.ts", "");
  write("src/two.tsx", "");
  write("src/explorer/page.css", "");
  const step = buildStep(root);

  test("is made once, and again when a module or the page's style has changed, or a file was lost", async () => {
    expect(step.missing()).toBe("src/ was not built");
    await step.make();
    expect(step.missing()).toBeUndefined();
    for (const path of ["src/two.tsx", "src/explorer/page.css", "src/dashboard/build-page.mjs", "tsconfig.json"]) {
      write(path, path === "src/dashboard/build-page.mjs" ? `${bundler}//` : "{ }");
      expect({ path, missing: step.missing() }).toEqual({ path, missing: "src/ had changed" });
      await step.make();
      expect(step.missing()).toBeUndefined();
    }
    for (const path of ["two.js", "explorer-page/explorer.css"]) {
      rmSync(join(root, "dist", path));
      expect(step.missing()).toBe(`dist/${path} was missing`);
      await step.make();
    }
  });

  test("drops what was built from a file that is gone, and leaves the page", async () => {
    renameSync(join(root, "src/two.tsx"), join(root, "src/three.ts"));
    await step.make();
    const modules = ["one", "three"].flatMap((name) => [`${name}.d.ts`, `${name}.js`, `${name}.js.map`]);
    expect(filesIn(join(root, "dist"))).toEqual(
      [".built.json", "explorer-page/explorer.css", "explorer-page/explorer.js", ...modules].sort(),
    );
  });

  test("is not done when the page could not be built, and says so", async () => {
    write("src/dashboard/build-page.mjs", `throw new Error("no such component");`);
    await expect(step.make()).rejects.toThrow("vite failed; the end of its output is above. Mend src/explorer/");
    expect(existsSync(join(root, "dist", ".built.json"))).toBe(false);
    expect(step.missing()).toBe("src/ had changed");
  });
});
