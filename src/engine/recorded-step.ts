import type * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { type Arrays, mapEntries, mapNames, type Packed, type Shapes } from "./arrays.js";
import type { Advance } from "./eager-process.js";
import type { Machine } from "./machine.js";
import { buildProgram } from "./program.js";
import { NotRecordable, type Recording, record } from "./recorder.js";

/** A step of a process as a program, with the storage of what it is given anew each time. */
export interface RecordedStep {
  run(inputs: Arrays): void;
  /** Copies of what came out, or is shown, of the last run; no other program may have run since. */
  read(what: "output" | "shown"): Packed;
  /** Where a value of the next state stands, in float32 from the start of memory, until another program runs. */
  next(name: string): number;
  dispose(): void;
}

/**
 * Record a step.
 *
 * @param state shapes of the state's values, and where they stand, in bytes
 * @param watched whether what the step shows is wanted
 * @throws NotRecordable
 */
export function recordStep(
  machine: Machine,
  advance: Advance,
  state: { readonly shapes: Shapes; readonly places: ReadonlyMap<string, number> },
  inputs: Shapes,
  watched: boolean,
): RecordedStep {
  const recording = recordAdvance(advance, state.shapes, inputs, watched);
  checkState(recording, state.shapes);
  const places = reserveAll(machine, inputs);
  const starts = [
    ...[...state.places].map(([name, place]) => [`state.${name}`, place] as const),
    ...[...places].map(([name, place]) => [`input.${name}`, place] as const),
  ];
  const program = buildProgram(machine, recording, new Map(starts), (name) => name.startsWith("shown."));
  const named = (prefix: string) => {
    let size = 0;
    const list = [...recording.outputs].flatMap(([name, { shape }]) => {
      if (!name.startsWith(prefix)) return [];
      const start = size;
      size += sizeOf(shape);
      return [{ name: name.slice(prefix.length), shape, start }];
    });
    const first = `${prefix}${list[0]?.name}`;
    // A program's outputs may all be moved together from one run to the next.
    const sources = list.map(({ name }) => program.output(prefix + name) - program.output(first));
    return { list, first, sources, size };
  };
  const lists = { output: named("output."), shown: named("shown.") };
  return {
    run(values) {
      const memory = machine.floats();
      for (const [name, { data }] of Object.entries(values)) memory.set(data, at(places, name));
      program.run();
    },
    read(what) {
      const { list, first, sources, size } = lists[what];
      const memory = machine.floats();
      const moved = list.length > 0 ? program.output(first) : 0;
      const data = new Float32Array(size);
      for (let i = 0; i < list.length; i++) {
        const from = moved + (sources[i] as number);
        const [start, end] = [list[i]?.start as number, list[i + 1]?.start ?? size];
        if (end - start > 32) data.set(memory.subarray(from, from + end - start), start);
        else for (let at = start; at < end; at++) data[at] = memory[from + at - start] as number;
      }
      return { list, data };
    },
    next: (name) => program.output(`state.${name}`),
    dispose() {
      program.dispose();
      for (const place of places.values()) machine.release(place);
    },
  };
}

function recordAdvance(advance: Advance, state: Shapes, inputs: Shapes, watched: boolean): Recording {
  const prefixed = (shapes: Shapes, prefix: string) => mapNames(shapes, (name) => prefix + name);
  return record(
    (all) => {
      const under = (prefix: string, shapes: Shapes) =>
        mapEntries(shapes, (_, name) => all[prefix + name] as tf.Tensor);
      const next = advance(under("state.", state), under("input.", inputs), watched);
      return {
        ...mapNames(next.state, (name) => `state.${name}`),
        ...mapNames(next.outputs, (name) => `output.${name}`),
        ...mapNames(next.shown ?? {}, (name) => `shown.${name}`),
      };
    },
    { ...prefixed(state, "state."), ...prefixed(inputs, "input.") },
  );
}

/** @throws NotRecordable unless the next state has the names and shapes of the state: it takes the state's place */
function checkState({ outputs }: Recording, state: Shapes): void {
  const told = (all: Iterable<readonly [string, readonly number[]]>): string =>
    [...all]
      .map(([name, shape]) => `${name} [${shape}]`)
      .sort()
      .join(", ") || "nothing";
  const next = [...outputs].flatMap(([name, { shape }]) =>
    name.startsWith("state.") ? [[name.slice("state.".length), shape] as const] : [],
  );
  const [from, to] = [told(Object.entries(state)), told(next)];
  if (from !== to)
    throw new NotRecordable(`The state of the process changes its names or shapes: from ${from} to ${to}.`);
}

/** Storage for arrays, in bytes from the start of memory. */
export function reserveAll(machine: Machine, shapes: Shapes): Map<string, number> {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, machine.reserve(4 * sizeOf(shape))]));
}

/** Where an array begins, in float32 from the start of memory. */
export function at(places: ReadonlyMap<string, number>, name: string): number {
  const place = places.get(name);
  if (place === undefined) throw new Error(`There is no "${name}"; there are ${[...places.keys()].join(", ")}.`);
  return place / 4;
}
