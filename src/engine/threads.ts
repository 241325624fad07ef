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
const startLimit = 20_000; // milliseconds until a thread must be there
// Places in the words that a thread watches.
const [turn, ready, words] = [0, 1, 5];

const threads = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("worker_threads");
const helpers: Helper[] = [];

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

/** So many other threads, started when they are first asked for. @throws if one does not start */
export function helpersFor(count: number): readonly Helper[] {
  while (helpers.length < count) helpers.push(newHelper());
  return helpers.slice(0, count);
}

function newHelper(): Helper {
  const { Worker, MessageChannel } = threads as NonNullable<typeof threads>;
  const control = new Int32Array(new SharedArrayBuffer(4 * words));
  const { port1, port2 } = new MessageChannel();
  const workerData = { control, port: port2 };
  // Text instead of a file: it is there wherever this is bundled or compiled on the way.
  const worker = new Worker(`(${serve})(${newRunner})`, { eval: true, workerData, transferList: [port2] });
  worker.unref();
  port1.unref();
  if (Atomics.wait(control, ready, 0, startLimit) === "timed-out") {
    throw new Error("A thread of the engine did not start. Set TAPESCOPE_THREADS=1 to compute without.");
  }
  return {
    tell: (message) => port1.postMessage(message),
    start(machine, from, to) {
      control.set([machine, from, to], 2);
      Atomics.add(control, turn, 1);
      Atomics.notify(control, turn);
    },
  };
}

/** What a thread does. It is given as text, and uses nothing but its argument. */
function serve(newRunnerThere: typeof newRunner): void {
  const { workerData, receiveMessageOnPort } = process.getBuiltinModule("worker_threads");
  const control = workerData.control as Int32Array<SharedArrayBuffer>;
  // A thread that allocates nothing would keep the memory of machines that are no more.
  process.getBuiltinModule("v8").setFlagsFromString("--expose-gc");
  const collectGarbage = process.getBuiltinModule("vm").runInNewContext("gc") as () => void;
  const known = new Map<number, Runner>();
  Atomics.store(control, 1, 1);
  Atomics.notify(control, 1);
  for (let seen = 0; ; ) {
    Atomics.wait(control, 0, seen);
    seen = Atomics.load(control, 0);
    let isLess = false;
    for (let told = receiveMessageOnPort(workerData.port); told; told = receiveMessageOnPort(workerData.port)) {
      const { machine, memory, runner, kernels } = told.message as Message;
      if (memory && runner) known.set(machine, newRunnerThere(memory, runner));
      else if (kernels) known.get(machine)?.add(kernels.module, kernels.numbered);
      else isLess = known.delete(machine);
    }
    if (isLess) collectGarbage();
    try {
      known.get(control[2] as number)?.run(control[3] as number, control[4] as number);
    } catch {
      // The others wait for this thread, and say so.
    }
  }
}
