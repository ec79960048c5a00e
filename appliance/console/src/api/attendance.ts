// Whether somebody is at this page. Requests that it makes by itself, while nobody is, must not keep the session from
// going idle; so they say what they are.

const ATTENDED_MS = 60_000;

// Whoever opens a page is there.
let touchedAt = Date.now();

function touched(): void {
  touchedAt = Date.now();
}

/** Notice whenever somebody touches what is on the screen. */
export function attend(page: EventTarget): void {
  for (const kind of ["pointerdown", "pointermove", "wheel", "keydown"])
    page.addEventListener(kind, touched, { capture: true, passive: true });
}

/** The headers by which a request says that nobody is there; none where somebody is. */
export function attendance(): Record<string, string> {
  return Date.now() - touchedAt < ATTENDED_MS ? {} : { "X-Sysmon-Unattended": "1" };
}
