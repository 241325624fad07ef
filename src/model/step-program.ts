// A model's step in a memory of its own. One program serves every run of a model with a batch of one size: parameters,
// input and what edits do at any site are its inputs, and every site is its output. So nothing is recorded anew for other
// edits, sites or lengths; and no edit changes as much as the rounding of what it does not reach.
import { type Machine, newMachine } from "../engine/machine.js";
import { buildProgram, type Program } from "../engine/program.js";
import { at, reserveAll } from "../engine/recorded-step.js";
import { sizeOf } from "../tensors/named-array.js";
import { type Tensors, tensorOf } from "../tensors/tensors.js";
import type { Model } from "./model.js";
import { recordingsOf } from "./recorded-model.js";
import type { State } from "./run-request.js";
import { modelRecording, recordSteps, shapesIn } from "./step-recording.js";

/** A model's step, ready to be replayed. */
export interface StepProgram {
  /** Names and shapes of the state's values, [batch, ...], after a step. */
  readonly states: readonly (readonly [name: string, shape: readonly number[]])[];
  /** Begin a run: the state before its first step. */
  start(parameters: Tensors): void;
  /** After `start`: go on from this state of one sequence, which is not the first one, in all sequences of the batch. */
  resume(state: State): void;
  step(): void;
  /** Compute the next step without taking it: its numbers can be read, and the state stays as it is. */
  look(): void;
  /** Names of the sites, in the order in which the model passes them. */
  readonly sites: readonly string[];
  /**
   * Numbers in the program's memory; a view that is good until the next step. To be read: "logits" and "outputs" [batch, output],
   * "site.NAME" [batch, ...site], "state.NAME". To be written: "input" [batch, input], "scale.SITE", "shift.SITE".
   */
  numbers(name: string): Float32Array;
}

/** What is added to a number to leave it as it is, even if it is −0. */
export const noShift = -0;

/** Record a model's step and make a program of it. @throws NotRecordable */
export function stepProgram(model: Model, batch: number): StepProgram {
  const recordings = recordingsOf(model) ?? recordSteps(model, batch);
  const { start, steps, given, results } = modelRecording(model, batch, recordings);
  const machine = newMachine();
  const unprepared: Machine = { ...machine, prepare: () => {} };
  const places = reserveAll(machine, given);
  const beginnings = reserveAll(machine, shapesIn(start.outputs));
  const starting = buildProgram(unprepared, start, places);
  const programs = steps.map(({ before, after }) => {
    const kept = reserveAll(machine, shapesIn(before.outputs));
    const inputs = new Map([...places, ...kept]);
    return { kept, before: buildProgram(unprepared, before, inputs), step: buildProgram(unprepared, after, inputs) };
  });
  machine.prepare(); // the kernels of all programs at once

  const [first, other] = [programs[0], programs.at(-1)] as [(typeof programs)[0], (typeof programs)[0]];
  let next = first.step;
  let last = first.step;
  const numbers = (name: string): Float32Array => {
    const here = places.has(name) ? at(places, name) : last.output(name);
    return machine.floats().subarray(here, here + sizeOf((results[name] ?? given[name]) as readonly number[]));
  };
  for (const name of places.keys()) {
    if (name.startsWith("scale.")) numbers(name).fill(1);
    if (name.startsWith("shift.")) numbers(name).fill(noShift);
  }
  const states = Object.entries(results).filter(([name]) => name.startsWith("state."));
  const stateSizes = states.map(([name, shape]): [string, number] => [name, sizeOf(shape)]);
  const beginningSizes = sizesOf(start.outputs);
  const keptSizes = steps.map(({ before }) => sizesOf(before.outputs));

  /** Run a program and move what it gives to where it stays. */
  const runInto = (program: Program, given: Sizes, to: ReadonlyMap<string, number>): void => {
    program.run();
    const memory = machine.floats();
    for (const [name, size] of given) {
      const from = program.output(name);
      memory.copyWithin(at(to, name), from, from + size);
    }
  };
  const parameterNames = Object.keys(model.shapes);
  let known: readonly object[] | undefined; // what held the parameters' numbers when they were copied
  const loadParameters = (parameters: Tensors): void => {
    const tensors = parameterNames.map((name) => tensorOf(parameters, name));
    const changed = [...tensors.keys()].filter((i) => tensors[i]?.isDisposed || tensors[i]?.dataId !== known?.[i]);
    if (known && changed.length === 0) return;
    known = undefined;
    for (const i of changed) numbers(`parameter.${parameterNames[i]}`).set(tensors[i]?.dataSync() ?? []);
    runInto(starting, beginningSizes, beginnings);
    for (const [i, { before, kept }] of programs.entries()) runInto(before, keptSizes[i] as Sizes, kept);
    known = tensors.map(({ dataId }) => dataId);
  };
  return {
    states: states.map(([name, shape]) => [name.slice("state.".length), shape]),
    start(parameters) {
      loadParameters(parameters);
      const memory = machine.floats();
      for (const [name, size] of beginningSizes) {
        const from = at(beginnings, name);
        memory.copyWithin(at(places, name), from, from + size);
      }
      next = first.step;
    },
    resume(state) {
      for (const [name, { data }] of Object.entries(state)) {
        const place = numbers(`state.${name}`);
        for (let to = 0; to < place.length; to += data.length) place.set(data, to);
      }
      next = other.step;
    },
    step() {
      last = next;
      runInto(last, stateSizes, places);
      next = other.step;
    },
    look() {
      last = next;
      last.run();
    },
    sites: Object.keys(results).flatMap((name) => (name.startsWith("site.") ? [name.slice("site.".length)] : [])),
    numbers,
  };
}

type Sizes = readonly (readonly [name: string, size: number])[];

function sizesOf(outputs: ReadonlyMap<string, { readonly shape: readonly number[] }>): Sizes {
  return [...outputs].map(([name, { shape }]) => [name, sizeOf(shape)]);
}
