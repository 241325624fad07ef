import { describe, expect, test, vi } from "vitest";
import { type Command, choice, type Given, positiveNumber, runCommand, wholeNumber } from "../../src/cli/command.js";

const ran: [readonly string[], Given][] = [];
const bake: Command = {
  name: "bake",
  about: "Bake a cake.",
  operands: ["CAKE"],
  options: {
    heat: { value: "N", about: "degrees", default: "180" },
    "cake-tin": { value: "NAME", about: "a round one, or another" },
    slowly: { about: "take time" },
  },
  async run(operands, given) {
    ran.push([operands, given]);
    return 0;
  },
};

describe("The words behind a command", () => {
  test("are its arguments, its options and their defaults", async () => {
    await runCommand(bake, ["plum", "--cake-tin=round", "--slowly"]);
    expect(ran.pop()).toEqual([["plum"], { heat: "180", "cake-tin": "round", slowly: true }]);
    await runCommand(bake, ["plum", "--heat", "-5"]); // the command tells what is wrong with it
    expect(ran.pop()?.[1]).toEqual({ heat: "-5" });
    await runCommand(bake, ["--", "--plum"]);
    expect(ran.pop()?.[0]).toEqual(["--plum"]);
  });

  test.each([["--help"], ["-h"], ["plum", "-h"]])("show the help for %s %s", async (...words) => {
    const print = vi.spyOn(console, "log").mockReturnValue();
    expect(await runCommand(bake, words)).toBe(0);
    expect(print).toHaveBeenCalledWith(expect.stringMatching(/^Usage: tapescope bake CAKE \[options\]/));
    print.mockRestore();
  });

  test.each<[string[], string]>([
    [[], "bake needs CAKE; nothing was given (see `tapescope bake --help`)."],
    [["plum", "cake", "now"], 'bake takes CAKE alone; "cake" "now" is too much (a value with spaces goes in quotes).'],
    [["plum", "--haet", "5"], "bake has no option --haet (did you mean --heat?); see `tapescope bake --help`."],
    [["plum", "--haet=5"], "bake has no option --haet (did you mean --heat?); see `tapescope bake --help`."],
    [["plum", "-heat", "5"], "bake has no option -heat (did you mean --heat?); see `tapescope bake --help`."],
    [["plum", "-x"], "bake has no option -x; see `tapescope bake --help`."],
    [["plum", "--constructor"], "bake has no option --constructor; see `tapescope bake --help`."],
    [["--cake", "plum"], "bake has no option --cake; CAKE is given without a name: `tapescope bake CAKE [options]`."],
    [["plum", "--heat"], "--heat needs a value, N; nothing follows it."],
    [["plum", "--heat", "--slowly"], "--heat needs a value, N; the option --slowly follows it."],
    [["plum", "--slowly=yes"], '--slowly takes no value; "yes" was given.'],
    [["plum", "--heat", "1", "--heat", "2"], "--heat was given twice; give it once."],
  ])("%j are refused in one sentence", async (words, message) => {
    await expect(runCommand(bake, words)).rejects.toThrow(new Error(message));
    expect(ran).toEqual([]);
  });
});

test("The value of an option says what it must be, and what was given", () => {
  expect(() => wholeNumber({ n: "1.5" }, "n")).toThrow('--n takes a whole number of at least 1; "1.5" was given.');
  expect(() => wholeNumber({ n: "9".repeat(20) }, "n")).toThrow("--n takes a whole number up to 9007199254740991;");
  expect(() => positiveNumber({ n: "1,5" }, "n")).toThrow('--n takes a number above 0; "1,5" was given.');
  expect(() => choice({ n: "rde" }, "n", ["red", "blue"])).toThrow(
    '--n takes one of red, blue; "rde" was given (did you mean red?).',
  );
});
