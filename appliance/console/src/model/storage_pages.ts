// The pages of the storage area: for its tabs, the palette and the keyboard.

export interface StoragePage {
  path: string;
  words: string;
  /** Typed anywhere to get there. */
  keys: string;
}

export const STORAGE_PAGES: readonly StoragePage[] = [
  { path: "/storage", words: "Storage", keys: "g t" },
  { path: "/storage/segments", words: "Segments", keys: "g m" },
  { path: "/series", words: "Series", keys: "g r" },
];
