#!/usr/bin/env node
// The command as npm links it. It stands in src/ so that it is there before the first build, and can say so.
import { existsSync } from "node:fs";

const built = new URL("../../dist/cli/main.js", import.meta.url);
if (existsSync(built)) {
  const { main } = await import(built.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error("tapescope is not built yet. Run `npm run setup` first.");
  process.exitCode = 2;
}
