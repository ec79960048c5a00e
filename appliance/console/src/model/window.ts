/** Which of many rows of one height are near the screen, and how much room the others take. */
export interface RowWindow {
  first: number;
  /** One past the last. */
  end: number;
  above: number;
  below: number;
}

const SPARE_ROWS = 6;

/** `top` is how far the list's beginning has been scrolled out of sight, in pixels; negative while it is below the edge. */
export function rowWindow(rows: number, rowHeight: number, top: number, viewHeight: number): RowWindow {
  const first = clamp(Math.floor(top / rowHeight) - SPARE_ROWS, 0, rows);
  const end = clamp(Math.ceil((top + viewHeight) / rowHeight) + SPARE_ROWS, first, rows);
  return { first, end, above: first * rowHeight, below: (rows - end) * rowHeight };
}

const clamp = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));
