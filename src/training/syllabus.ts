import type { Random } from "../tensors/random.js";

/** Which lengths (of sequences, stories, lessons) are drawn: evenly from a range, or lesson by lesson. */
export type Lengths = { readonly shortest: number; readonly longest: number } | Curriculum;

/**
 * A curriculum (Bengio et al. 2009): the next lesson joins when the newest is mastered; half of the draws are the newest,
 * half are even among all before it, which would be forgotten otherwise.
 */
export interface Curriculum {
  readonly lessons: readonly number[];
  /** Share of sequences that must be wholly right, a moving mean over the newest lesson's batches, 0 to 1. */
  readonly mastered: number;
}

/** How far a curriculum has come: how many lessons are open, and the moving mean of the newest. */
export interface SyllabusState {
  readonly open: number;
  readonly right: number;
}

export interface Syllabus {
  /** The length of the next batch. */
  draw(source: Random): number;
  /** Note which share of a batch of this length was wholly right. */
  note(length: number, right: number): void;
  readonly state: SyllabusState;
}

const kept = 0.95; // of the moving mean, at each batch of the newest lesson

/** @throws if the lengths make no sense. */
export function openSyllabus(lengths: Lengths, from: SyllabusState = { open: 1, right: 0 }): Syllabus {
  checkLengths(lengths);
  let { open, right } = from;
  if (!("lessons" in lengths)) {
    return {
      draw: (source) => source.integer(lengths.shortest, lengths.longest),
      note: () => {},
      state: { open, right },
    };
  }
  const { lessons, mastered } = lengths;
  return {
    draw(source) {
      const newest = open === 1 || source.uniform() < 0.5;
      return lessons[newest ? open - 1 : source.integer(0, open - 2)] as number;
    },
    note(length, share) {
      if (length !== lessons[open - 1]) return;
      right = kept * right + (1 - kept) * share;
      if (right < mastered || open === lessons.length) return;
      open++;
      right = 0;
    },
    get state() {
      return { open, right };
    },
  };
}

function checkLengths(lengths: Lengths): void {
  if ("lessons" in lengths) {
    const whole = lengths.lessons.every((lesson) => Number.isSafeInteger(lesson) && lesson >= 1);
    const share = lengths.mastered > 0 && lengths.mastered <= 1;
    if (lengths.lessons.length > 0 && whole && share && new Set(lengths.lessons).size === lengths.lessons.length)
      return;
    throw new Error(
      `Training: a curriculum has lessons, whole numbers of at least 1, each once, and "mastered" above 0 and at most 1; ` +
        `lessons [${lengths.lessons}], mastered ${lengths.mastered} were given.`,
    );
  }
  const { shortest, longest } = lengths;
  for (const [name, value] of Object.entries({ shortest, longest })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Error(`Training: "${name}" is a whole number of at least 1; ${value} was given.`);
    }
  }
  if (shortest > longest) {
    throw new Error(`Training: lengths go from shortest to longest; ${shortest} to ${longest} was given.`);
  }
}
