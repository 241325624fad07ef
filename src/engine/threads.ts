// Threads that run programs side by side with the one that asks. They live as long as the process, sleep while there is
// nothing to do, and do not keep the process from ending.
import { type NumberedKernel, newRunner, type Runner } from "./runner.js";

/** What a thread must know before it runs a machine's programs; with nothing but the name, that the machine is no more. */
export interface Message {
  readonly machine: number;
  readonly memory?: WebAssembly.Memory;
  readonly runner?: WebAssembly.Module;
  readonly kernels?: { readonly module: WebAssembly.Module; readonly numbered: readonly NumberedKernel[] };
}

/** Another thread. It reads what it was told when it is next started. */
export interface Helper {
  readonly tell: (message: Message) => void;
  /** Run a machine's steps from one address to another, while this thread goes on. */
  readonly start: (machine: number, from: number, to: number) => void;
}

const most = 16;
const startLimit = 60_000; // milliseconds: a busy machine takes its time
// Words that a thread watches: its turns, whether it is there, and what to run.
const words = { turn: 0, ready: 1, machine: 2, from: 3, to: 4 };

const threads = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("worker_threads");
const helpers: Helper[] = [];
let refused = false;

/**
 * How many threads run a program: two where there are as many cores, or what `TAPESCOPE_THREADS` says; in a browser one.
 *
 * @throws if `TAPESCOPE_THREADS` is no whole number from 1 to 16
 */
export function threadCount(): number {
  if (!threads) return 1;
  const wanted = process.env.TAPESCOPE_THREADS;
  if (!wanted) return Math.min(2, process.getBuiltinModule("os").availableParallelism());
  const count = Number(wanted);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new Error(`TAPESCOPE_THREADS is "${wanted}"; give a whole number from 1 to ${most}, or leave it out.`);
}

/** So many other threads, started when they are first asked for; undefined where none can be had. */
export function helpersFor(count: number): readonly Helper[] | undefined {
  while (helpers.length < count && !refused) {
    const helper = newHelper();
    if (helper) helpers.push(helper);
    else refused = true;
  }
  return refused ? undefined : helpers.slice(0, count);
}

function newHelper(): Helper | undefined {
  const { Worker, MessageChannel } = threads as NonNullable<typeof threads>;
  const control = new Int32Array(new SharedArrayBuffer(4 * Object.keys(words).length));
  const { port1, port2 } = new MessageChannel();
  const settings = { eval: true, execArgv: [], workerData: { control, words, port: port2 }, transferList: [port2] };
  try {
    // Text instead of a file: it is there wherever this is bundled or compiled on the way.
    const worker = new Worker(`(${serve})(${newRunner})`, settings);
    worker.on("error", () => {}); // who waits for it says so
    worker.unref();
  } catch {
    return undefined; // Node may forbid threads
  }
  port1.unref();
  if (Atomics.wait(control, words.ready, 0, startLimit) === "timed-out") return undefined;
  return {
    tell: (message) => port1.postMessage(message),
    start(machine, from, to) {
      control.set([machine, from, to], words.machine);
      Atomics.add(control, words.turn, 1);
      Atomics.notify(control, words.turn);
    },
  };
}

/** What a thread does. It is given as text, and uses nothing but its argument. */
function serve(newRunnerThere: typeof newRunner): void {
  const { workerData, receiveMessageOnPort } = process.getBuiltinModule("worker_threads");
  const control = workerData.control as Int32Array<SharedArrayBuffer>;
  const at = workerData.words as typeof words;
  // A thread that allocates nothing would keep the memory of machines that are no more.
  process.getBuiltinModule("v8").setFlagsFromString("--expose-gc");
  const collectGarbage = process.getBuiltinModule("vm").runInNewContext("gc") as () => void;
  const known = new Map<number, Runner>();
  Atomics.store(control, at.ready, 1);
  Atomics.notify(control, at.ready);
  for (let seen = 0; ; ) {
    Atomics.wait(control, at.turn, seen);
    seen = Atomics.load(control, at.turn);
    let isLess = false;
    for (let told = receiveMessageOnPort(workerData.port); told; told = receiveMessageOnPort(workerData.port)) {
      const { machine, memory, runner, kernels } = told.message as Message;
      if (memory && runner) known.set(machine, newRunnerThere(memory, runner));
      else if (kernels) known.get(machine)?.add(kernels.module, kernels.numbered);
      else isLess = known.delete(machine);
    }
    if (isLess) collectGarbage();
    const [machine, from, to] = control.subarray(at.machine) as unknown as [number, number, number];
    try {
      known.get(machine)?.run(from, to);
    } catch {
      // The others wait for this thread, and say so.
    }
  }
}
