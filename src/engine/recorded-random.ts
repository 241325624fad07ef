import { NotRecordable } from "./recorded-kernel.js";

/**
 * Do something that may draw no random number. TensorFlow.js begins what it draws with Math.random, unless it is given a seed:
 * then it draws the same each time, as a replay does.
 *
 * @throws NotRecordable where Math.random is called
 */
export function withoutRandom<T>(body: () => T): T {
  const { random } = Math;
  Math.random = () => {
    throw new NotRecordable("A random number is drawn; replayed, it would be the same every time.");
  };
  try {
    return body();
  } finally {
    Math.random = random;
  }
}
