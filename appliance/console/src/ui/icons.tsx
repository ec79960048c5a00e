// Line icons of 16 pixels; they decorate, so they are hidden from screen readers.

import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren) {
  return () => (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.5" />
    <path d="m10.5 10.5 3 3" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
  </>,
);
export const MoonIcon = icon(<path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z" />);
export const CloseIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const TableIcon = icon(<path d="M2 3h12v10H2zM2 6.5h12M2 10h12M6 6.5V13" />);
export const PinIcon = icon(<path d="M8 10.5V15M5 2h6l-.7 5 1.7 1.5v2H4v-2L5.7 7 5 2Z" />);
export const ExitIcon = icon(<path d="M9 2H3v12h6M6.5 8H14M11.5 5.5 14 8l-2.5 2.5" />);
export const PlusIcon = icon(<path d="M8 3v10M3 8h10" />);
export const UserIcon = icon(
  <>
    <circle cx="8" cy="5.5" r="3" />
    <path d="M2.5 14c.6-3 2.7-4.5 5.5-4.5s4.9 1.5 5.5 4.5" />
  </>,
);
