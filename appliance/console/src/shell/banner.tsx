import { live } from "../api/live.ts";
import { clock } from "../model/units.ts";

/** Says from when the data on the screen is, while none arrives. */
export function DisconnectedBanner() {
  if (live.connection.value !== "lost") return null;
  return (
    <div class="banner" role="alert" data-testid="disconnected">
      No data since {clock(live.heardAt.value)}. The aggregator does not answer; reconnecting.
    </div>
  );
}
