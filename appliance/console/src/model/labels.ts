// Labels as they are typed: role=db env=prod.

import type { Attributes } from "../api/types.ts";

const LABEL = /^([^=]+)=(.+)$/;

const parts = (text: string) => text.split(/[\s,]+/).filter(Boolean);

/** What is wrong with a text of labels; empty where nothing is. */
export function labelsFault(text: string): string {
  const wrong = parts(text).find((part) => !LABEL.test(part));
  return wrong === undefined ? "" : `“${wrong}” is no label; write role=db.`;
}

/** Read labels out of a text without fault. */
export function parseLabels(text: string): Attributes {
  return Object.fromEntries(parts(text).map((part) => LABEL.exec(part)?.slice(1) ?? []));
}
