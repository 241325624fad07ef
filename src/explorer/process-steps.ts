/** A part of a model's step: a box of the process flow, and the sites that belong to it. */
export interface ProcessStep {
  readonly name: string;
  /** Place in the diagram: columns from the left, rows from the top. */
  readonly column: number;
  readonly row: number;
  readonly sites: readonly string[];
}

export interface Process {
  readonly steps: readonly ProcessStep[];
  /** Pairs of names. An arrow to where it comes from, or before it, is what the next token finds. */
  readonly arrows: readonly (readonly [from: string, to: string])[];
}

interface Part {
  readonly name: string;
  readonly at: readonly [column: number, row: number];
  readonly pattern: RegExp;
}

const part = (name: string, column: number, row: number, pattern: RegExp): Part => ({
  name,
  at: [column, row],
  pattern,
});

/** Memory stands under what works on it. */
const parts: Readonly<Record<string, readonly Part[]>> = {
  ttm: [
    part("input", 0, 0, /^input$/),
    part("embed", 1, 0, /^tokens$/),
    part("read", 2, 0, /^read\./),
    part("process", 3, 0, /^layers\./),
    part("output", 4, 0, /^(output\.|logits$)/),
    part("memory before", 2, 1, /^memory\.before$/),
    part("write", 4, 1, /^write\./),
    part("memory", 3, 1, /^memory$/),
  ],
  ntm: [
    part("input", 0, 0, /^input$/),
    part("controller", 1, 0, /^controller\./),
    part("read heads", 2, 0, /^read\./),
    part("output", 4, 0, /^logits$/),
    part("memory before", 1, 1, /^memory\.before$/),
    part("write heads", 2, 1, /^write\./),
    part("memory", 3, 1, /^memory$/),
  ],
  nsm: [
    part("input", 0, 0, /^input$/),
    part("tokens", 1, 0, /^tokens(\.|$)/),
    part("route", 2, 0, /^rout/),
    part("gates", 3, 0, /^(gates\.|gated$|cell$)/),
    part("attention", 4, 0, /^(state\.attention|states|importance.*)$/),
    part("output", 5, 0, /^logits$/),
    part("memory before", 2, 1, /^memory\.before$/),
    part("memory heads", 3, 1, /^(read|write)\./),
    part("memory", 4, 1, /^memory$/),
  ],
};

const arrows: Readonly<Record<string, Process["arrows"]>> = {
  ttm: [
    ...([
      ["input", "embed"],
      ["embed", "read"],
      ["memory before", "read"],
      ["read", "process"],
    ] as const),
    ...([
      ["process", "output"],
      ["output", "write"],
      ["write", "memory"],
      ["memory", "memory before"],
    ] as const),
  ],
  ntm: [
    ...([
      ["input", "controller"],
      ["controller", "read heads"],
      ["controller", "write heads"],
    ] as const),
    ...([
      ["memory before", "write heads"],
      ["read heads", "output"],
      ["write heads", "memory"],
    ] as const),
    ["memory", "read heads"],
  ],
  nsm: [
    ...([
      ["input", "tokens"],
      ["tokens", "route"],
      ["route", "gates"],
      ["gates", "attention"],
    ] as const),
    ...([
      ["attention", "output"],
      ["memory before", "memory heads"],
      ["attention", "memory heads"],
    ] as const),
    ...([
      ["memory heads", "memory"],
      ["memory heads", "output"],
    ] as const),
  ],
};

/**
 * The steps of a model in the order in which they work, derived from the names of its sites. A model that is not known
 * here is a chain: its sites in their order, those whose names begin alike in one step.
 */
export function processOf(model: string, sites: readonly string[]): Process {
  const known = Object.hasOwn(parts, model) ? (parts[model] as readonly Part[]) : undefined;
  const fits = known && sites.every((site) => known.some(({ pattern }) => pattern.test(site)));
  if (!known || !fits) return chainOf(sites);
  const steps = known.map(({ name, at: [column, row], pattern }): ProcessStep => {
    return { name, column, row, sites: sites.filter((site) => pattern.test(site)) };
  });
  return { steps, arrows: arrows[model] ?? [] };
}

const perRow = 6;

function chainOf(sites: readonly string[]): Process {
  const names = [...new Set(sites.map(beginningOf))];
  const steps = names.map((name, index): ProcessStep => {
    const place = { column: index % perRow, row: Math.floor(index / perRow) };
    return { name, ...place, sites: sites.filter((site) => beginningOf(site) === name) };
  });
  return { steps, arrows: names.slice(1).map((name, index) => [names[index] as string, name] as const) };
}

/** "layers.0.attention" begins with "layers.0", "write.weights" with "write". */
function beginningOf(site: string): string {
  return /^[^.]+(\.\d+)?/.exec(site)?.[0] ?? site;
}
