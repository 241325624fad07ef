import { sizeOf } from "../tensors/named-array.js";
import { type Arrays, mapEntries, shapesOf, unpacked } from "./arrays.js";
import { type Advance, eagerProcess, type Process } from "./eager-process.js";
import { newMachine } from "./machine.js";
import { at, type RecordedStep, recordStep, reserveAll } from "./recorded-step.js";
import { NotRecordable } from "./recorder.js";

const mostPrograms = 64;

/** A process whose steps are recorded once for every shape of the inputs, watched and unwatched, then replayed. */
export function replayedProcess(advance: Advance, initial: Arrays): Process {
  const machine = newMachine();
  const shapes = shapesOf(initial);
  const now = reserveAll(machine, shapes);
  const before = reserveAll(machine, shapes);
  for (const [name, { data }] of Object.entries(initial)) machine.floats().set(data, at(now, name));
  const programs = new Map<string, RecordedStep>();
  let fallback: Process | undefined;
  let refusal: string | undefined;

  const read = (places: ReadonlyMap<string, number>): Arrays => {
    const memory = machine.floats();
    return mapEntries(shapes, (shape, name) => {
      return { shape, data: memory.slice(at(places, name), at(places, name) + sizeOf(shape)) };
    });
  };
  const programFor = (inputs: Arrays, watched: boolean): RecordedStep => {
    const sizes = Object.entries(inputs).map(([name, { shape }]) => `${name}[${shape}]`);
    const key = `${sizes} ${watched ? "watched" : ""}`;
    const state = { shapes, places: now };
    const found = programs.get(key) ?? recordStep(machine, advance, state, shapesOf(inputs), watched);
    programs.delete(key);
    programs.set(key, found); // the last used stands last
    const [oldest] = programs;
    if (programs.size > mostPrograms && oldest) {
      oldest[1].dispose();
      programs.delete(oldest[0]);
    }
    return found;
  };
  const goOn = (step: RecordedStep): void => {
    const memory = machine.floats();
    for (const [name, shape] of Object.entries(shapes)) {
      const [here, next, size] = [at(now, name), step.next(name), sizeOf(shape)];
      memory.copyWithin(at(before, name), here, here + size);
      memory.copyWithin(here, next, next + size);
    }
  };
  return {
    advance(inputs, accept, watch) {
      if (fallback) return fallback.advance(inputs, accept, watch);
      let step: RecordedStep;
      try {
        step = programFor(inputs, watch !== undefined);
      } catch (error) {
        if (!(error instanceof NotRecordable)) throw error;
        refusal = error.message;
        fallback = eagerProcess(advance, read(now), read(before));
        return fallback.advance(inputs, accept, watch);
      }
      step.run(inputs);
      const outputs = unpacked(step.read("output"));
      if (!accept || accept(outputs)) {
        goOn(step);
        watch?.(step.read("shown"));
      }
      return outputs;
    },
    state: (when = "now") => fallback?.state(when) ?? read(when === "now" ? now : before),
    refusal: () => refusal,
    dispose: () => fallback?.dispose(),
  };
}
