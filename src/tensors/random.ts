/** A seeded source of random numbers: equal seeds give equal sequences on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** Where the source stands: what `random` goes on from. */
  readonly state: RandomState;
}

/** Four 32-bit whole numbers. */
export type RandomState = readonly [number, number, number, number];

/** Random numbers from a seed (a whole number), or from where another source stood: sfc32, seeded through splitmix32. */
export function random(from: number | RandomState): Random {
  let [a, b, c, counter] = Array.isArray(from) ? (from as RandomState) : seeded(from as number);
  const uniform = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  if (!Array.isArray(from)) for (let i = 0; i < 12; i++) uniform(); // sfc32 needs a few rounds to mix its seed
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()), // Box–Muller
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    get state(): RandomState {
      return [a, b, c, counter];
    },
  };
}

function seeded(seed: number): [number, number, number, number] {
  if (!Number.isSafeInteger(seed)) throw new Error(`A seed is a whole number; ${seed} was given.`);
  const next = splitmix32(seed, Math.floor(seed / 2 ** 32));
  return [next(), next(), next(), 1];
}

function splitmix32(low: number, high: number): () => number {
  let state = (low ^ Math.imul(high, 0x85ebca6b)) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}
