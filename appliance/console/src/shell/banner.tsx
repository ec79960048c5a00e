import { live } from "../api/live.ts";
import type { Storage } from "../api/storage.ts";
import { fleet } from "../model/fleet.ts";
import { unreadable } from "../model/storage.ts";
import { clock, duration } from "../model/units.ts";
import { useFresh } from "../ui/fresh.ts";

/** Says from when the data on the screen is, while none arrives. */
export function DisconnectedBanner() {
  if (live.connection.value !== "lost") return null;
  return (
    <div class="banner" role="alert" data-testid="disconnected">
      No data since {clock(live.heardAt.value)}. The aggregator does not answer; reconnecting.
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
