const rest = 400; // ms after which a figure that is not seen follows what changed
const budget = 20; // ms of drawing in one frame

/** Draws something in the page, when the page has time for it. */
export interface Drawing {
  /** Something is to be drawn otherwise. */
  change(): void;
  end(): void;
}

/**
 * Call `draw` once for many changes: in the next frame while the element is seen, else when changes rest. So what runs fast
 * never piles up, and most of what it changes, which nobody sees, is not drawn at all.
 *
 * @param draw is given the element's width, which is never 0; is told also when the width changes
 */
export function drawing(element: HTMLElement, draw: (width: number) => void): Drawing {
  let width = 0;
  let seen: boolean | undefined; // unknown until the browser has said it
  let clock: ReturnType<typeof setTimeout> | undefined;
  const work = (): void => {
    if (width > 0) draw(width);
  };
  const change = (): void => {
    clearTimeout(clock);
    if (seen) soon(work);
    else if (seen === false) clock = setTimeout(() => soon(work), rest);
  };
  const sight = new IntersectionObserver((entries) => {
    seen = entries.at(-1)?.isIntersecting ?? true;
    change();
  });
  const size = new ResizeObserver((entries) => {
    width = entries.at(-1)?.contentRect.width ?? 0;
    change();
  });
  sight.observe(element);
  size.observe(element);
  return {
    change,
    end() {
      clearTimeout(clock);
      waiting.delete(work);
      sight.disconnect();
      size.disconnect();
    },
  };
}

/** What is to be drawn, of the whole document; what was not drawn in this frame comes first in the next. */
const waiting = new Set<() => void>();

function soon(work: () => void): void {
  if (waiting.size === 0) requestAnimationFrame(frame);
  waiting.add(work);
}

/** Whether what draws is loaded, or will not be. */
function ready(): boolean {
  return "Plotly" in globalThis || document.readyState === "complete";
}

function frame(): void {
  if (!ready()) {
    requestAnimationFrame(frame);
    return;
  }
  const end = performance.now() + budget;
  try {
    for (const work of waiting) {
      waiting.delete(work);
      work();
      if (performance.now() >= end) break;
    }
  } finally {
    if (waiting.size > 0) requestAnimationFrame(frame); // one that fails does not keep the others waiting
  }
}
