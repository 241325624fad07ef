// A TensorFlow.js backend that computes nothing: its kernels note what would be computed.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensors } from "../tensors/tensors.js";
import { constant, type Graph, input, type Node, newGraph, reshape } from "./graph.js";
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

/** What stands for a tensor while a function is recorded: its values, if it was made outside; and a node, once it is used. */
interface Entry {
  readonly dtype: tf.DataType;
  readonly values?: tf.BackendValues;
  recorded?: { readonly graph: Graph; readonly node: Node };
  references: number;
}

/** The backend. Tensors made outside keep their values, are constants where they are used, and any other backend can take them. */
class RecordingBackend extends tf.KernelBackend {
  graph: Graph = newGraph();
  private readonly entries: tf.DataStorage<Entry> = new tf.DataStorage<Entry>(this, tf.engine());

  /** The node of a tensor, in the tensor's own shape: several tensors may share their data. @throws NotRecordable */
  nodeOf({ dataId, shape }: tf.TensorInfo): Node {
    const entry = this.entries.get(dataId);
    if (entry.recorded?.graph !== this.graph) {
      const numbers = numbersFor(entry);
      entry.recorded = { graph: this.graph, node: constant(this.graph, numbers, [numbers.length]) };
    }
    return reshape(this.graph, entry.recorded.node, shape);
  }

  /** A new tensor that stands for a node. */
  tensor(node: Node, dtype: tf.DataType): tf.TensorInfo {
    const dataId = {};
    this.entries.set(dataId, { dtype, recorded: { graph: this.graph, node }, references: 1 });
    return { dataId, shape: [...node.shape], dtype };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  /** It never throws: TensorFlow.js has given up what it moves by then. */
  override move(dataId: tf.DataId, values: tf.BackendValues, _: number[], dtype: tf.DataType, count: number): void {
    this.entries.set(dataId, { dtype, values, references: count });
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const { values, recorded, dtype } = this.entries.get(dataId);
    if (values) return values;
    const numbers = numbersOf((recorded as { node: Node }).node);
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

/** What a tensor of another recording, or made outside of all, holds as float32. @throws NotRecordable if it cannot */
function numbersFor({ values, recorded, dtype }: Entry): Float32Array {
  if (!values) return numbersOf((recorded as { node: Node }).node);
  if (dtype === "string" || dtype === "complex64") throw new NotRecordable(`A tensor of type ${dtype} is met.`);
  const numbers = Float32Array.from(values as Float32Array);
  if (dtype === "int32" && numbers.some((one, index) => one !== values[index])) {
    throw new NotRecordable("An integer beyond 16,777,216 is met; float32 does not hold it.");
  }
  return numbers;
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
  const restoreVariables = rememberVariables();
  const backend = recordingBackend();
  const outer = backend.graph;
  const graph = newGraph();
  backend.graph = graph;
  void tf.setBackend(backendName); // takes effect at once: nothing has to load
  let assigned = false;
  let recording: Recording;
  try {
    const inputs = new Map(Object.entries(shapes).map(([name, shape]) => [name, input(graph, name, shape)]));
    const outputs = new Map<string, Node>();
    tf.tidy(() => {
      const tensor = (node: Node) => tf.engine().makeTensorFromTensorInfo(backend.tensor(node, "float32"));
      const given = Object.fromEntries([...inputs].map(([name, node]) => [name, tensor(node)]));
      for (const [name, computed] of Object.entries(withoutRandom(() => compute(given))))
        outputs.set(name, backend.nodeOf(computed));
    });
    recording = { graph, inputs, outputs };
  } catch (error) {
    throw unknownKernel(error) ?? error;
  } finally {
    backend.graph = outer;
    if (before) void tf.setBackend(before);
    assigned = restoreVariables();
  }
  if (assigned) throw new NotRecordable("A variable is assigned, which a replay would not do.");
  return recording;
}

/** Keep the values of all variables. The result gives back what was assigned since, and tells whether there was any. */
function rememberVariables(): () => boolean {
  const kept = Object.values(tf.engine().registeredVariables).map((variable) => {
    const { dataId } = variable;
    return { variable, dataId, value: tf.clone(variable as tf.Tensor) };
  });
  return () => {
    const changed = kept.filter(({ variable, dataId }) => variable.dataId !== dataId && !variable.isDisposed);
    for (const { variable, value } of changed) variable.assign(value);
    for (const { value } of kept) value.dispose();
    return changed.length > 0;
  };
}

/** The engine's complaint about a kernel that is not registered, in our words. */
function unknownKernel(error: unknown): NotRecordable | undefined {
  const message = error instanceof Error ? error.message : "";
  const name = /Kernel '(\w+)' not registered/.exec(message)?.[1];
  return name ? new NotRecordable(`The operation ${name} is not among those that can be replayed.`) : undefined;
}
