import { useEffect, useState } from "preact/hooks";

/** A value once it has not changed for so many milliseconds; the one before until then. */
export function useRested<Value>(value: Value, milliseconds: number): Value {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const clock = setTimeout(() => setRested(() => value), milliseconds);
    return () => clearTimeout(clock);
  }, [value, milliseconds]);
  return rested;
}
