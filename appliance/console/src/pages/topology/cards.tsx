import { useState } from "preact/hooks";
import { type Problem, send } from "../../api/client.ts";
import type { Backups, Drill, Region } from "../../api/region.ts";
import type { Ledger } from "../../api/types.ts";
import { fleet } from "../../model/fleet.ts";
import { lostTicks, plural, uncollectedTicks } from "../../model/ledger.ts";
import { lasting, leaderTone, leaderWords, leads } from "../../model/region.ts";
import { bytes, count, duration, MISSING, whole } from "../../model/units.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Fault } from "../../ui/form.tsx";
import { second } from "../../ui/hooks.ts";
import { OverviewCard } from "../../ui/overview_card.tsx";
import { type Tone, When } from "../../ui/records.tsx";

/** Who leads, and since when. */
export function LeaderCard({ region, backups }: { region: Region; backups: Backups | null }) {
  const { leader, node } = region;
  const began = backups?.chapters.find(({ epoch, on_line }) => on_line && epoch === leader?.epoch)?.began;
  return (
    <OverviewCard
      title={region.topology === "ha" ? "Leads" : "Runs alone"}
      testid="topology-leader"
      figure={leaderWords(region)}
      tone={leaderTone(region)}
    >
      {leader && (
        <p class="muted">
          Epoch {leader.epoch}
          {began !== undefined && (
            <>
              , begun <When ms={began} />
            </>
          )}
          .
        </p>
      )}
      {leader && !leads(region) && (
        <p class="muted">
          You look at {node}, a standby. What you change here is passed on to {leader.node}
          {leader.console && (
            <>
              , at{" "}
              <a class="link" href={leader.console}>
                {leader.console}
              </a>
            </>
          )}
          .
        </p>
      )}
    </OverviewCard>
  );
}

/** Whether what was accepted lasts, and since when. */
export function DurableCard({ region }: { region: Region }) {
  second.value; // goes on by itself
  const { figure, tone, words, hint } = lasting(region, fleet.now());
  const { waiting, mark, committed_mark } = region.durable;
  return (
    <OverviewCard title="Durable" testid="topology-durable" figure={figure} tone={tone}>
      <p class="muted">{words}</p>
      {hint && (
        <p>
          <code>{hint}</code>
        </p>
      )}
      {leads(region) && (
        <dl class="kept">
          <dt>Changes on their way</dt>
          <dd>{count(waiting)}</dd>
          {region.topology !== "single" && (
            <>
              <dt>Mark, of committed</dt>
              <dd>
                {whole(mark)} of {whole(committed_mark)}
              </dd>
            </>
          )}
        </dl>
      )}
    </OverviewCard>
  );
}

/** Where every tick is: stored, waiting on a host, or missing with its reason. */
export function TicksCard({ ledger }: { ledger: Ledger | null }) {
  const lost = ledger ? lostTicks(ledger.total) : 0;
  return (
    <OverviewCard
      title="Ticks lost"
      testid="topology-ticks"
      figure={ledger ? whole(lost) : MISSING}
      tone={lost > 0 ? "bad" : "ok"}
    >
      {ledger && (
        <dl class="kept">
          <dt>Stored</dt>
          <dd>{whole(ledger.total.stored)}</dd>
          <dt>In spools, not durable yet</dt>
          <dd>{whole(ledger.spools.ticks)}</dd>
          <dt>Spools of {plural(ledger.spools.hosts, "host")}</dt>
          <dd>{bytes(ledger.spools.bytes)}</dd>
          <dt>Never collected</dt>
          <dd>{whole(uncollectedTicks(ledger.total))}</dd>
        </dl>
      )}
    </OverviewCard>
  );
}

interface DrillProps {
  region: Region;
  backups: Backups | null;
  problem: Problem | null;
  orders: boolean;
}

/** Whether the replica was restored lately, and what came of it. */
export function DrillCard({ region, backups, problem, orders }: DrillProps) {
  const [asking, setAsking] = useState(false);
  if (region.topology === "single")
    return (
      <OverviewCard title="Backup" testid="topology-drill" figure="None" tone="quiet">
        <p class="muted">There is no replica. With one, any moment of the last days can be restored.</p>
      </OverviewCard>
    );
  const drill = backups?.drill ?? null;
  return (
    <OverviewCard
      title="Last restore drill"
      testid="topology-drill"
      figure={drill ? DRILL_WORDS[drill.state] : MISSING}
      tone={drill ? DRILL_TONES[drill.state] : "quiet"}
    >
      <Fault problem={problem} />
      {drill && <DrillDetails drill={drill} />}
      {backups?.from && (
        <p class="muted">
          The oldest moment that can be restored is <When ms={backups.from} />.
        </p>
      )}
      {orders && drill && drill.state !== "running" && (
        <button type="button" class="button" data-testid="drill" onClick={() => setAsking(true)}>
          Drill now
        </button>
      )}
      {asking && (
        <Confirm
          title="Restore into a scratch folder?"
          verb="Drill"
          onClose={() => setAsking(false)}
          perform={() => send("POST", "/api/v1/backups/drill")}
        >
          <p>
            The newest of the replica is restored beside the live database, read in full and compared with it.
            Nothing that is served is touched.
          </p>
        </Confirm>
      )}
    </OverviewCard>
  );
}

const DRILL_WORDS: Readonly<Record<Drill["state"], string>> = {
  never: "None yet",
  running: "Under way",
  passed: "Passed",
  failed: "Failed",
};

const DRILL_TONES: Readonly<Record<Drill["state"], Tone>> = {
  never: "warn",
  running: "quiet",
  passed: "ok",
  failed: "bad",
};

function DrillDetails({ drill: { ended, problem, hint, restored_bytes, seconds } }: { drill: Drill }) {
  if (ended === null) return null;
  return (
    <>
      <p class="muted">
        {restored_bytes > 0 && `${bytes(restored_bytes)} in ${duration(seconds)}, `}
        <When ms={ended} />.
      </p>
      {problem && (
        <p>
          {problem} {hint && <code>{hint}</code>}
        </p>
      )}
    </>
  );
}
