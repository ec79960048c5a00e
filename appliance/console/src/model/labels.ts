// Labels as they are typed: role=db env=prod.

import type { Attributes } from "../api/types.ts";

export class LabelsError extends Error {}

/** Read labels out of a text; rejects what is not of the form key=value. */
export function parseLabels(text: string): Attributes {
  const labels: Record<string, string> = {};
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [, key, value] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    if (!key || !value) throw new LabelsError(`“${part}” is no label; write role=db.`);
    labels[key] = value;
  }
  return labels;
}
