// What danfo.js gets where it asks for @tensorflow/tfjs-node: TensorFlow.js without the native library, which need not be
// there. It is the very copy that the models use, so that danfo computes on whatever backend is chosen. The path in
// package.json's override starts at danfo's own folder, as npm reads it. (An alias of @tensorflow/tfjs does not do: npm takes
// tfjs-node of the same version for it.)
const tf = require("@tensorflow/tfjs");

// Without this, the cpu backend prints a banner at its first use ("Hi, looks like you are running TensorFlow.js").
const entry = tf.engine().registryFactory.cpu;
const { factory } = entry;
entry.factory = () => Object.assign(factory(), { firstUse: false });
module.exports = tf;
