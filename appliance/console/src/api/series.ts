// The shapes of the API of the series catalogue. All times are Unix milliseconds.

import type { HostName } from "./identity.ts";
import type { Attributes } from "./types.ts";

export interface KnownSeries {
  host: HostName;
  metric: string;
  attributes: Attributes;
  first: number;
  last: number;
}

export interface SeriesPage {
  series: readonly KnownSeries[];
  /** Of all pages together. */
  total: number;
  next: string | null;
}

export interface Cardinality {
  total: number;
  /** Those that are written at present. */
  active: number;
  /** How many a host may send at once. */
  limit_per_host: number;
  new_per_host_per_day: number;
  hosts: readonly (HostName & { series: number; active: number })[];
  metrics: readonly { metric: string; series: number }[];
  attributes: readonly { key: string; values: number; series: number }[];
}
