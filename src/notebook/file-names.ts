/** Names that Windows keeps for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/**
 * A safe file name, without an ending, for each of several titles: lower case, letters and digits of any script and
 * dashes, at most 60 characters, no two alike on any file system.
 *
 * @example fileNames(["Head 1 → slot", "../x", "con"]) // ["head-1-slot", "x", "con-2"]
 */
export function fileNames(titles: readonly string[]): string[] {
  const taken = new Set<string>();
  return titles.map((title) => {
    const words =
      title
        .normalize("NFKC")
        .toLowerCase()
        .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    const base = [...words.join("-")].slice(0, 60).join("") || "untitled";
    let name = base;
    for (let count = 2; taken.has(name) || DEVICES.test(name); count++) name = `${base}-${count}`;
    taken.add(name);
    return name;
  });
}
