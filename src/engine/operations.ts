/** Operations on single numbers. */
export type MapOperation =
  | "copy"
  | "negate"
  | "absolute"
  | "squareRoot"
  | "exp"
  | "log"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "floor"
  | "truncate"
  | "not"
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "minimum"
  | "maximum"
  | "power"
  | "powerBelow"
  | "greater"
  | "greaterEqual"
  | "less"
  | "lessEqual"
  | "equal"
  | "notEqual"
  | "select";

/** As IEEE 754 has it, and JavaScript has not: ±1 to an infinite power is 1. */
function power(x: number, y: number): number {
  return Math.abs(x) === 1 && Math.abs(y) === Number.POSITIVE_INFINITY ? 1 : x ** y;
}

/** Comparisons give 1 or 0. */
const mapOperations: Readonly<Record<MapOperation, (...values: number[]) => number>> = {
  copy: (x) => x,
  negate: (x) => -x,
  absolute: Math.abs,
  squareRoot: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  floor: Math.floor,
  truncate: Math.trunc,
  not: (x) => (x === 0 ? 1 : 0),
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  minimum: Math.min,
  maximum: Math.max,
  power,
  /** xʸ where x^(y+1) is known as well. */
  powerBelow: (x, y, above) => (x > 0 && above > 0 ? above / x : power(x, y)),
  greater: (x, y) => (x > y ? 1 : 0),
  greaterEqual: (x, y) => (x >= y ? 1 : 0),
  less: (x, y) => (x < y ? 1 : 0),
  lessEqual: (x, y) => (x <= y ? 1 : 0),
  equal: (x, y) => (x === y ? 1 : 0),
  notEqual: (x, y) => (x !== y ? 1 : 0),
  /** The second where the first is not 0, else the third. */
  select: (condition, x, y) => (condition !== 0 ? x : y),
};

/** Whether there is an operation of that name, of so many numbers. */
export function isMapOperation(name: string, numbers: number): name is MapOperation {
  return Object.hasOwn(mapOperations, name) && mapOperations[name as MapOperation].length === numbers;
}

/** The operation's value, as a float32. */
export function evaluate(operation: MapOperation, values: readonly number[]): number {
  return Math.fround(mapOperations[operation](...values));
}

/**
 * What is left of an operation when some arguments are known numbers: the argument that it equals, by its index; or
 * another operation on some of the arguments; or undefined, if it stays. The value is the same for every number, also for
 * −0, infinities and NaN (x + 0 stays, for −0 + 0 is 0). It may have fewer axes, or shorter ones: the caller repeats it to
 * the whole shape.
 */
export function simplify(
  operation: MapOperation,
  values: readonly (number | undefined)[],
): number | { operation: MapOperation; arguments: readonly number[] } | undefined {
  const [first, second] = values;
  const is = (value: number | undefined, known: number): boolean => Object.is(value, known);
  switch (operation) {
    case "add":
      return is(second, -0) ? 0 : is(first, -0) ? 1 : undefined;
    case "subtract":
      return is(second, 0) ? 0 : is(first, -0) ? { operation: "negate", arguments: [1] } : undefined;
    case "multiply":
      return second === 1 ? 0 : first === 1 ? 1 : undefined;
    case "divide":
      return second === 1 ? 0 : undefined;
    case "power":
      return second === 1 ? 0 : second === 2 ? { operation: "multiply", arguments: [0, 0] } : undefined;
    case "select":
      return first === undefined ? undefined : first !== 0 ? 1 : 2;
    default:
      return undefined;
  }
}
