// Long tables of which only the rows near the screen exist.

import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { type RowWindow, rowWindow } from "../model/window.ts";

/** Follows scrolling, and changes only when other rows come near the screen. */
export function useRowWindow(
  body: RefObject<HTMLElement | null>,
  rows: number,
  rowHeight: number,
): RowWindow {
  const [shown, setShown] = useState(() => rowWindow(rows, rowHeight, 0, innerHeight));
  useLayoutEffect(() => {
    const measure = () => {
      const top = -(body.current?.getBoundingClientRect().top ?? 0);
      const next = rowWindow(rows, rowHeight, top, innerHeight);
      setShown((old) => (same(old, next) ? old : next));
    };
    measure();
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, [body, rows, rowHeight]);
  return shown;
}

function same(a: RowWindow, b: RowWindow): boolean {
  return a.first === b.first && a.end === b.end && a.below === b.below;
}

/** The room of rows that do not exist. */
export function Spacer({ height }: { height: number }) {
  return <tr aria-hidden="true" class="spacer" style={{ height: `${height}px` }} />;
}
