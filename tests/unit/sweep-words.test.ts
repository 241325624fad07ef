import { expect, test } from "vitest";
import { operationForms, operationFrom, positionsFrom } from "../../src/cli/sweep-words.js";
import { edit, type SiteEdit } from "../../src/model/edits.js";

const at = edit("memory", { step: 1, slot: 2 });
const place = { site: "memory", step: 1, slot: 2 };
const none = (): never => {
  throw new Error("no other run is needed");
};
const made = (text: string): SiteEdit => operationFrom(text, none)(at, place);

test.each([
  ["zero", at.zero()],
  ["set:-0.5", at.set(-0.5)],
  ["add:1e-3", at.add(0.001)],
  ["scale:2", at.scale(2)],
  ["clamp:-1:0.5", at.clamp(-1, 0.5)],
  ["noise:0.5", at.noise({ seed: 1, scale: 0.5 })],
  ["noise:0.5:7", at.noise({ seed: 7, scale: 0.5 })],
])("--operation %s is the edit of that name", (text, wanted) => {
  expect(made(text)).toEqual(wanted);
});

test.each([
  ...[
    "",
    "zero:1",
    "set",
    "set:",
    "set:one",
    "set:1:2",
    "add:Infinity",
    "scale:NaN",
    "clamp:1",
    "clamp::1",
    "clamp:0:1:2",
  ],
  ...["noise", "noise:1:", "noise:1:2.5", "noise:1:2:3", "patch", "patch:", "flip:1"],
])("--operation %s is refused with the choices", (text) => {
  expect(() => made(text)).toThrow(`--operation takes ${operationForms}; "${text}" was given.`);
});

test("--at gathers the positions of each axis, and refuses what is no range", () => {
  expect(positionsFrom("slot=5-7, step=3,slot=9")).toEqual({ slot: [5, 6, 7, 9], step: [3] });
  for (const text of ["slot", "slot=7-5", "slot=1.5", ""]) {
    expect(() => positionsFrom(text)).toThrow("--at takes AXIS=N or AXIS=FROM-TO");
  }
});
