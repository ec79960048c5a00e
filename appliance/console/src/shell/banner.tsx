import { useEffect } from "preact/hooks";
import type { Problem } from "../api/client.ts";
import { live } from "../api/live.ts";
import type { Storage } from "../api/storage.ts";
import { fleet } from "../model/fleet.ts";
import { alarm, otherConsoles } from "../model/region.ts";
import { regionStore } from "../model/region_store.ts";
import { unreadable } from "../model/storage.ts";
import { clock, duration } from "../model/units.ts";
import { refresh, useFresh } from "../ui/fresh.ts";

/** Says from when the data on the screen is, while none arrives, and where the console is served besides here. */
export function DisconnectedBanner() {
  if (live.connection.value !== "lost") return null;
  return (
    <div class="banner" role="alert" data-testid="disconnected">
      <span>
        No data since {clock(live.heardAt.value)}. {silence(regionStore.problem.value)} Reconnecting.
      </span>
      {otherConsoles(regionStore.region.value, location.origin).map((console) => (
        <a key={console} href={console}>
          {console}
        </a>
      ))}
    </div>
  );
}

/** Why nothing comes: what the aggregator says of it, where it says anything. */
function silence(problem: Problem | null): string {
  return problem && problem.status > 0
    ? problem.message
    : "The aggregator does not answer, or its role changes.";
}

/** Says for a while that another aggregator leads now. */
export function TakeoverBanner() {
  const news = regionStore.news.value;
  // What the screen shows was told by another epoch.
  useEffect(() => (news ? refresh() : undefined), [news]);
  if (!news) return null;
  return (
    <div class="banner news" role="status" data-testid="takeover">
      <span>{news}</span>
      <a href="/topology">Topology</a>
    </div>
  );
}

/** Says what of the region is less than it should be. */
export function RegionBanner() {
  const region = regionStore.region.value;
  const found = region && alarm(region);
  if (!found) return null;
  return (
    <div class={`banner passing ${found.tone}`} role="alert" data-testid="region-banner">
      <span>{found.words}</span>
      <a href="/topology">Topology</a>
    </div>
  );
}

/** Says what of history cannot be read, and that no more of it is written where that is so. */
export function StorageBanner() {
  const { data: storage } = useFresh<Storage>("/api/v1/storage");
  const words = storage && wordsOf(storage);
  if (!words) return null;
  return (
    <div class="banner passing" role="alert" data-testid="storage-banner">
      <span>{words}</span>
      <a href="/storage">Storage</a>
    </div>
  );
}

function wordsOf({ damaged, failure }: Storage): string {
  const unread = damaged.length > 0 ? `${unreadable(damaged)}.` : "";
  if (!failure) return unread;
  const length = duration((fleet.now() - failure.since) / 1000);
  return `${unread} Segments could not be written for ${length}: ${failure.problem}`.trim();
}
