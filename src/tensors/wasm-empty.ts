import * as tf from "@tensorflow/tfjs-core";

let isDone = false;

/**
 * Arrays without numbers, computed on the WebAssembly backend. Its kernels take an empty array for one of some numbers, and
 * read what happens to stand in memory: a sum over an empty axis is then anything. These calls are handed to the plain
 * JavaScript kernels instead. Call it after the backend's module was imported, by
 * whomever; from the second call on it does nothing.
 */
export function computeEmptyArraysInJavaScript(): void {
  if (isDone) return;
  isDone = true;
  for (const kernel of tf.getKernelsForBackend("wasm")) {
    const { kernelName, kernelFunc } = kernel;
    const plain = tf.getKernel(kernelName, "cpu");
    if (!plain) continue;
    tf.unregisterKernel(kernelName, "wasm");
    tf.registerKernel({
      ...kernel,
      kernelFunc: (call) => {
        const given = Object.values(call.inputs).flat() as (tf.TensorInfo | undefined)[];
        const isEmpty = given.some((one) => one?.shape.includes(0));
        return isEmpty ? onCpu(plain, call) : kernelFunc(call);
      },
    });
  }
}

type Call = Parameters<tf.KernelFunc>[0];
type Infos = tf.TensorInfo | tf.TensorInfo[];

function onCpu({ kernelFunc }: tf.KernelConfig, call: Call): Infos {
  const [wasm, cpu] = [call.backend as tf.KernelBackend, tf.findBackend("cpu") as tf.KernelBackend];
  const used = new Set<object>(); // what stands on cpu for this call alone: copies of the inputs, and the results
  const moved = (one: tf.TensorInfo, from: tf.KernelBackend, to: tf.KernelBackend): tf.TensorInfo => {
    if (from === cpu) used.add(one.dataId);
    const dataId = to.write(from.readSync(one.dataId) as tf.BackendValues, one.shape, one.dtype) as object;
    if (to === cpu) used.add(dataId);
    return { ...one, dataId };
  };
  const each = (all: Infos, change: (one: tf.TensorInfo) => tf.TensorInfo): Infos =>
    Array.isArray(all) ? all.map(change) : change(all);
  const toCpu = (all: Infos): Infos => each(all, (one) => moved(one, wasm, cpu));
  try {
    const entries = Object.entries(call.inputs as Record<string, Infos | undefined>);
    const named = Object.fromEntries(entries.flatMap(([name, all]) => (all ? [[name, toCpu(all)] as const] : [])));
    const inputs = (Array.isArray(call.inputs) ? Object.values(named) : named) as tf.NamedTensorInfoMap; // as for a join
    return each(kernelFunc({ ...call, inputs, backend: cpu }), (one) => moved(one, cpu, wasm));
  } finally {
    for (const dataId of used) cpu.disposeData(dataId, true);
  }
}
