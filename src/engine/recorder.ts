// A TensorFlow.js backend that computes nothing: its kernels note what would be computed.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensors } from "../tensors/tensors.js";
import { constant, type Graph, input, type Node, newGraph } from "./graph.js";
import { recordedKernels } from "./recorded-all.js";
import { integer } from "./recorded-integers.js";
import { knownNumbers, NotRecordable } from "./recorded-kernel.js";
import { withoutRandom } from "./recorded-random.js";

export { NotRecordable };

/** What a function computes from its inputs. */
export interface Recording {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, Node>;
  readonly outputs: ReadonlyMap<string, Node>;
}

const backendName = "record";

/** Numbers that stand for a tensor while a function is recorded. */
interface Entry {
  readonly graph: Graph;
  readonly node: Node;
  readonly dtype: tf.DataType;
  references: number;
}

/** The backend. Tensors made outside keep their numbers as constants and can be taken back by any other backend. */
class RecordingBackend extends tf.KernelBackend {
  graph: Graph = newGraph();
  private readonly entries: tf.DataStorage<Entry> = new tf.DataStorage<Entry>(this, tf.engine());

  nodeOf({ dataId, shape }: tf.TensorInfo): Node {
    const { graph, node } = this.entries.get(dataId);
    // What an earlier recording met and nobody took back is a constant of this one.
    return graph === this.graph ? node : constant(this.graph, numbersOf(node), shape);
  }

  /** A new tensor that stands for a node. */
  tensor(node: Node, dtype: tf.DataType): tf.TensorInfo {
    const dataId = {};
    this.entries.set(dataId, { graph: this.graph, node, dtype, references: 1 });
    return { dataId, shape: [...node.shape], dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(dataId: tf.DataId, values: tf.BackendValues, shape: number[], dtype: tf.DataType, count: number): void {
    if (dtype === "string" || dtype === "complex64") throw new NotRecordable(`A tensor of type ${dtype} is met.`);
    const numbers = Float32Array.from(values as Float32Array);
    if (numbers.some((one, index) => dtype === "int32" && one !== values[index])) {
      throw new NotRecordable("An integer beyond 16,777,216 is met; float32 does not hold it.");
    }
    const node = constant(this.graph, numbers, shape);
    this.entries.set(dataId, { graph: this.graph, node, dtype, references: count });
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const { node, dtype } = this.entries.get(dataId);
    const numbers = numbersOf(node);
    return dtype === "int32" ? Int32Array.from(numbers) : dtype === "bool" ? Uint8Array.from(numbers) : numbers;
  }

  override read(dataId: tf.DataId): Promise<tf.BackendValues> {
    return Promise.resolve().then(() => this.readSync(dataId));
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.entries.has(dataId)) return true;
    const entry = this.entries.get(dataId);
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.entries.delete(dataId);
    return true;
  }

  override refCount(dataId: tf.DataId): number {
    return this.entries.has(dataId) ? this.entries.get(dataId).references : 0;
  }

  override incRef(dataId: tf.DataId): void {
    this.entries.get(dataId).references++;
  }

  override numDataIds(): number {
    return this.entries.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {}
}

/** The numbers of a constant. @throws NotRecordable for what is only known at replay */
function numbersOf(node: Node): Float32Array {
  const numbers = knownNumbers(node);
  if (numbers) return numbers;
  throw new NotRecordable("A value is read before the function ends (dataSync, arraySync, or a branch on it).");
}

/** The backend, registered at its first use. */
function recordingBackend(): RecordingBackend {
  const known = tf.findBackend(backendName);
  if (known) return known as RecordingBackend;
  const backend = new RecordingBackend();
  tf.registerBackend(backendName, () => backend, 0);
  for (const [kernelName, { note, dtype, breaks }] of Object.entries(recordedKernels)) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const given = Object.values(inputs).flat() as tf.TensorInfo[];
        const types = given.map((one) => one.dtype);
        const wanted = (attrs as { dtype?: tf.DataType } | undefined)?.dtype;
        const type = (typeof dtype === "function" ? dtype(types) : dtype) ?? (wanted || types.at(-1) || "float32");
        const nodes = given.map((one) => backend.nodeOf(one));
        const noted = note(backend.graph, nodes, (attrs ?? {}) as never, types);
        const tensor = (node: Node) =>
          backend.tensor(breaks && type === "int32" ? integer(backend.graph, node) : node, type);
        return Array.isArray(noted) ? noted.map(tensor) : tensor(noted);
      },
    });
  }
  return backend;
}

/**
 * Run a function once without numbers, and note what it computes. What it uses besides its inputs is constant: it is
 * taken as it is now.
 *
 * @param shapes names and shapes of the inputs
 * @throws NotRecordable if it reads a value, draws a random number, or uses an operation that the recorder does not know
 */
export function record(
  compute: (inputs: Tensors) => Tensors,
  shapes: Readonly<Record<string, readonly number[]>>,
): Recording {
  const before = tf.getBackend();
  const backend = recordingBackend();
  backend.graph = newGraph();
  void tf.setBackend(backendName); // takes effect at once: nothing has to load
  try {
    const inputs = new Map(Object.entries(shapes).map(([name, shape]) => [name, input(backend.graph, name, shape)]));
    const outputs = new Map<string, Node>();
    tf.tidy(() => {
      const tensor = (node: Node) => tf.engine().makeTensorFromTensorInfo(backend.tensor(node, "float32"));
      const given = Object.fromEntries([...inputs].map(([name, node]) => [name, tensor(node)]));
      for (const [name, computed] of Object.entries(withoutRandom(() => compute(given))))
        outputs.set(name, backend.nodeOf(computed));
    });
    return { graph: backend.graph, inputs, outputs };
  } catch (error) {
    throw unknownKernel(error) ?? error;
  } finally {
    backend.graph = newGraph();
    if (before) void tf.setBackend(before);
  }
}

/** The engine's complaint about a kernel that is not registered, in our words. */
function unknownKernel(error: unknown): NotRecordable | undefined {
  const message = error instanceof Error ? error.message : "";
  const name = /Kernel '(\w+)' not registered/.exec(message)?.[1];
  return name ? new NotRecordable(`The operation ${name} is not among those that can be replayed.`) : undefined;
}
