import { useEffect, useReducer } from "preact/hooks";
import type { Reading, TaskInput } from "../tasks/typed-input.js";
import { taskInputOf } from "../tasks/typed-tasks.js";
import { type Machine, openMachine, type TimedRun } from "./machine.js";
import { messageOf } from "./message.js";
import type { CheckpointSource, Sources } from "./sources.js";

/** A machine, what it was shown, and its run without edits. */
export interface Trial {
  readonly machine: Machine;
  readonly task: TaskInput;
  /** What was typed. */
  readonly text: string;
  readonly reading: Reading;
  readonly run: TimedRun;
}

/** What inference and experiments share: the loaded machine and its last run. */
export interface Bench {
  /** Given with the page, and picked from the reader's files. */
  readonly checkpoints: readonly CheckpointSource[];
  readonly machine: Machine | undefined;
  readonly task: TaskInput | undefined;
  readonly trial: Trial | undefined;
  /** Name of the checkpoint that is being loaded; "" for none. */
  readonly loading: string;
  /** Why the last thing that was asked for could not be done; "" if it could. */
  readonly problem: string;
  /** Load a checkpoint and run it on an input; on its task's example, if it cannot read that. */
  load(name: string, text: string): Promise<void>;
  add(checkpoint: CheckpointSource): void;
  show(text: string): void;
}

type Working = { -readonly [Name in keyof Bench]: Bench[Name] } & { listeners: Set<() => void> };

const benches = new WeakMap<Sources, Working>();

/** The bench of a page, which its sources stand for; the component is drawn again when anything on it changes. */
export function useBench(sources: Sources): Bench {
  const [, redraw] = useReducer<number, undefined>((count) => count + 1, 0);
  let bench = benches.get(sources);
  if (!bench) {
    bench = newBench(sources);
    benches.set(sources, bench);
  }
  const { listeners } = bench;
  useEffect(() => {
    const listener = (): void => redraw(undefined);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      benches.get(sources)?.machine?.close();
      benches.delete(sources);
    };
  }, [sources, listeners]);
  return bench;
}

function newBench(sources: Sources): Working {
  const change = (changes: Partial<Bench>): void => {
    Object.assign(bench, changes);
    for (const listener of bench.listeners) listener();
  };
  const trialOf = (machine: Machine, text: string): Trial => {
    const task = taskInputOf(machine.checkpoint);
    const reading = task.read(text, machine.checkpoint);
    return { machine, task, text, reading, run: machine.run(reading.batch.inputs) };
  };
  const bench: Working = {
    listeners: new Set(),
    checkpoints: sources.checkpoints,
    machine: undefined,
    task: undefined,
    trial: undefined,
    loading: "",
    problem: "",
    async load(name, text) {
      const source = bench.checkpoints.find((one) => one.name === name);
      if (!source) return change({ problem: `There is no checkpoint ${name} here.` });
      change({ loading: name, problem: "" });
      try {
        const machine = await openMachine(source);
        if (bench.loading !== name || bench.listeners.size === 0) return machine.close(); // another was chosen meanwhile
        bench.machine?.close();
        const task = taskInputOf(machine.checkpoint);
        change({ machine, task, trial: undefined, loading: "" });
        bench.show(canRead(task, machine, text) ? text : task.example(machine.checkpoint));
      } catch (error) {
        if (bench.loading === name) change({ loading: "", problem: messageOf(error) });
      }
    },
    add(checkpoint) {
      change({ checkpoints: [...bench.checkpoints.filter(({ name }) => name !== checkpoint.name), checkpoint] });
    },
    show(text) {
      const { machine } = bench;
      if (!machine || text === "") return;
      try {
        change({ trial: trialOf(machine, text), problem: "" });
      } catch (error) {
        change({ problem: messageOf(error) });
      }
    },
  };
  return bench;
}

function canRead(task: TaskInput, { checkpoint }: Machine, text: string): boolean {
  try {
    task.read(text, checkpoint);
    return true;
  } catch {
    return false;
  }
}
