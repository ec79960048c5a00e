// Selectors of series as the API reads them: `metric{key="value",other!~"x.*"}`.

import type { KnownSeries } from "../api/series.ts";

/** A name that needs no quotes. */
const WORD = /^[^\s{}"'`=!~,]+$/;
const NAME_KEY = "__name__";

export function ofMetric(metric: string): string {
  return WORD.test(metric) ? metric : `{${NAME_KEY}=${quoted(metric)}}`;
}

export function ofHost(name: string): string {
  return `{host=${quoted(name)}}`;
}

/** Series that have an attribute, whatever its value. */
export function withAttribute(key: string): string {
  return `{${WORD.test(key) ? key : quoted(key)}!=""}`;
}

/** A text between quotes, as JSON writes it too. */
const quoted = (text: string) => JSON.stringify(text);

/** What tells a series from all others. */
export function keyOf({ host, metric, attributes }: KnownSeries): string {
  return JSON.stringify([host.id, metric, ...Object.entries(attributes).sort()]);
}
