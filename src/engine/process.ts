import type * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { type Arrays, mapEntries, mapNames, type Shapes, shapesOf } from "./arrays.js";
import { type Advance, eagerProcess, type Process } from "./eager-process.js";
import { type Machine, newMachine } from "./machine.js";
import { buildProgram, type Program } from "./program.js";
import { NotRecordable, record } from "./recorder.js";

const mostPrograms = 64;

/** A process whose steps are recorded once for every shape of the inputs, then replayed. */
export function replayedProcess(advance: Advance, initial: Arrays): Process {
  const machine = newMachine();
  const shapes = shapesOf(initial);
  const now = reserveAll(machine, shapes);
  const before = reserveAll(machine, shapes);
  for (const [name, { data }] of Object.entries(initial)) machine.floats().set(data, at(now, name));
  const programs = new Map<string, Given>();
  let fallback: Process | undefined;
  let refusal: string | undefined;

  const read = (places: ReadonlyMap<string, number>): Arrays =>
    mapEntries(shapes, (shape, name) => ({ shape, data: copyOf(machine, at(places, name), sizeOf(shape)) }));
  const programFor = (inputs: Arrays): Given => {
    const key = Object.entries(inputs)
      .map(([name, { shape }]) => `${name}[${shape}]`)
      .join();
    const found = programs.get(key) ?? given(machine, advance, shapes, now, shapesOf(inputs));
    programs.delete(key);
    programs.set(key, found); // the last used stands last
    const [oldest] = programs;
    if (programs.size > mostPrograms && oldest) {
      oldest[1].dispose();
      programs.delete(oldest[0]);
    }
    return found;
  };
  return {
    advance(inputs, accept) {
      if (fallback) return fallback.advance(inputs, accept);
      let found: Given;
      try {
        found = programFor(inputs);
      } catch (error) {
        if (!(error instanceof NotRecordable)) throw error;
        refusal = error.message;
        fallback = eagerProcess(advance, read(now), read(before));
        return fallback.advance(inputs, accept);
      }
      const outputs = found.run(inputs);
      if (!accept || accept(outputs)) {
        const memory = machine.floats();
        for (const [name, shape] of Object.entries(shapes)) {
          const [here, next, size] = [at(now, name), found.program.output(`state.${name}`), sizeOf(shape)];
          memory.copyWithin(at(before, name), here, here + size);
          memory.copyWithin(here, next, next + size);
        }
      }
      return outputs;
    },
    state: (when = "now") => fallback?.state(when) ?? read(when === "now" ? now : before),
    replace(state) {
      if (fallback) return fallback.replace(state);
      const memory = machine.floats();
      for (const [name, shape] of Object.entries(shapes)) {
        const here = at(now, name);
        memory.copyWithin(at(before, name), here, here + sizeOf(shape));
        memory.set(state[name]?.data ?? [], here);
      }
    },
    refusal: () => refusal,
    dispose: () => fallback?.dispose(),
  };
}

/** A program and the storage of what it is given anew each time. */
interface Given {
  readonly program: Program;
  run(inputs: Arrays): Arrays;
  dispose(): void;
}

function given(
  machine: Machine,
  advance: Advance,
  stateShapes: Shapes,
  state: ReadonlyMap<string, number>,
  inputShapes: Shapes,
): Given {
  const prefixed = (shapes: Shapes, prefix: string): [string, readonly number[]][] =>
    Object.entries(shapes).map(([name, shape]) => [`${prefix}.${name}`, shape]);
  const recording = record(
    (all) => {
      const under = (prefix: string, shapes: Shapes) =>
        mapEntries(shapes, (_, name) => all[`${prefix}.${name}`] as tf.Tensor);
      const next = advance(under("state", stateShapes), under("input", inputShapes));
      return {
        ...mapNames(next.state, (name) => `state.${name}`),
        ...mapNames(next.outputs, (name) => `output.${name}`),
      };
    },
    Object.fromEntries([...prefixed(stateShapes, "state"), ...prefixed(inputShapes, "input")]),
  );
  const places = reserveAll(machine, inputShapes);
  const program = buildProgram(
    machine,
    recording,
    new Map([
      ...[...state].map(([name, place]) => [`state.${name}`, place] as const),
      ...[...places].map(([name, place]) => [`input.${name}`, place] as const),
    ]),
  );
  const outputs = [...recording.outputs].flatMap(([name, { shape }]) =>
    name.startsWith("output.") ? [{ name, shape }] : [],
  );
  return {
    program,
    run(inputs) {
      const memory = machine.floats();
      for (const [name, { data }] of Object.entries(inputs)) memory.set(data, at(places, name));
      program.run();
      return Object.fromEntries(
        outputs.map(({ name, shape }) => {
          return [name.slice("output.".length), { shape, data: copyOf(machine, program.output(name), sizeOf(shape)) }];
        }),
      );
    },
    dispose() {
      program.dispose();
      for (const place of places.values()) machine.release(place);
    },
  };
}

function reserveAll(machine: Machine, shapes: Shapes): Map<string, number> {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, machine.reserve(4 * sizeOf(shape))]));
}

/** Where an array begins, in float32 from the start of memory. */
function at(places: ReadonlyMap<string, number>, name: string): number {
  const place = places.get(name);
  if (place === undefined) throw new Error(`There is no "${name}"; there are ${[...places.keys()].join(", ")}.`);
  return place / 4;
}

function copyOf(machine: Machine, start: number, size: number): Float32Array {
  return machine.floats().slice(start, start + size);
}
