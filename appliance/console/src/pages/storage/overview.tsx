import { useState } from "preact/hooks";
import { session } from "../../api/session.ts";
import type { Check, Forecast, Storage } from "../../api/storage.ts";
import { fleet } from "../../model/fleet.ts";
import { includes } from "../../model/roles.ts";
import { type Asked, isPending } from "../../model/storage.ts";
import { route } from "../../router.ts";
import { Fault } from "../../ui/form.tsx";
import { useFresh, usePolled } from "../../ui/fresh.ts";
import { NotYet } from "../../ui/overview_card.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { Actions } from "./actions.tsx";
import { Cards } from "./cards.tsx";
import { DamagedSection } from "./damaged.tsx";
import { aheadOf, ForecastCard } from "./forecast.tsx";
import { KindTable } from "./kinds.tsx";
import { RuleTable } from "./rules.tsx";
import { WorkingLine } from "./working.tsx";

/** Is anything wrong, for how long does the disk last, and what is kept. */
export function StorageOverview() {
  const operates = includes(session.value?.role, "operator");
  const [asked, setAsked] = useState<Asked | null>(null);
  const { storage, check, pending, problem } = useStorage(asked);
  const { data: forecast } = useFresh<Forecast>("/api/v1/storage/forecast", {
    days: aheadOf(route.value.query),
  });
  return (
    <>
      <PageHead
        title="Storage"
        about="Ticks become segments, which are merged by day and by month, and go when they expire."
      >
        {operates && <Actions onAsked={setAsked} />}
      </PageHead>
      {!storage && <NotYet problem={problem} />}
      {storage && (
        <>
          <Fault problem={problem} />
          <Cards storage={storage} forecast={forecast} />
          <WorkingLine storage={storage} check={check} pending={pending} />
          <DamagedSection damaged={storage.damaged} repairs={operates} />
          {forecast && <ForecastCard storage={storage} forecast={forecast} />}
          <KindTable storage={storage} forecast={forecast} />
          <RuleTable rules={storage.rules} />
        </>
      )}
    </>
  );
}

/** The state of storage and of the newest check, followed closely while something is under way or about to begin. */
function useStorage(asked: Asked | null) {
  const isAwaited = (job: Asked["job"], beganMs: number | null) =>
    asked?.job === job && isPending(asked, beganMs, fleet.now());
  const isSealing = ({ last_seal, working }: Storage) => working !== null || isAwaited("seal", last_seal);
  const isChecking = ({ state, started }: Check) => state === "running" || isAwaited("check", started);
  const { data: storage, problem } = usePolled("/api/v1/storage", isSealing);
  const { data: check } = usePolled("/api/v1/storage/check", isChecking);
  const awaited = isAwaited("seal", storage?.last_seal ?? null) || isAwaited("check", check?.started ?? null);
  return { storage, check, pending: awaited ? asked : null, problem };
}
