import "../../styles/records.css";
import "../../styles/area.css";
import "../../styles/topology.css";
import { useEffect } from "preact/hooks";
import type { Backups, Region } from "../../api/region.ts";
import { session } from "../../api/session.ts";
import type { Ledger } from "../../api/types.ts";
import { includes } from "../../model/roles.ts";
import { regionStore } from "../../model/region_store.ts";
import { Fault } from "../../ui/form.tsx";
import { useFresh, usePolled } from "../../ui/fresh.ts";
import { useTitle } from "../../ui/hooks.ts";
import { NotYet } from "../../ui/overview_card.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { BlockedSection } from "./blocked.tsx";
import { DrillCard, DurableCard, LeaderCard, TicksCard } from "./cards.tsx";
import { EpochsSection } from "./epochs.tsx";
import { HandoffButton } from "./handoff.tsx";
import { NodesSection } from "./nodes.tsx";

/** Who leads, whether everything is durable, and how far behind the others are. */
export function TopologyPage() {
  useTitle("Topology");
  useEffect(() => regionStore.watchClosely(), []);
  const region = regionStore.region.value;
  const problem = regionStore.problem.value;
  return (
    <div class="page area" data-testid="topology-page">
      <PageHead
        title="Topology"
        about="The aggregators of this region: one leads, the others follow and can take over."
      >
        {region?.topology === "ha" && includes(session.value?.role, "admin") && (
          <HandoffButton region={region} />
        )}
      </PageHead>
      {!region && <NotYet problem={problem} />}
      {region && (
        <>
          <Fault problem={problem} />
          <Content region={region} />
        </>
      )}
    </div>
  );
}

function Content({ region }: { region: Region }) {
  const operates = includes(session.value?.role, "operator");
  const { data: backups, problem } = usePolled<Backups>(
    "/api/v1/backups",
    ({ drill }) => drill.state === "running",
  );
  const { data: ledger } = useFresh<Ledger>("/api/v1/ledger");
  return (
    <>
      {region.handoff && (
        <p class="card topology-note" role="status" data-testid="handoff-under-way">
          {region.handoff.to} prepares itself to lead. The present leader goes on until it is ready.
        </p>
      )}
      {region.blocked && <BlockedSection blocked={region.blocked} />}
      <div class="overview topology-cards">
        <LeaderCard region={region} backups={backups} />
        <DurableCard region={region} />
        <TicksCard ledger={ledger} />
        <DrillCard region={region} backups={backups} problem={problem} orders={operates} />
      </div>
      <NodesSection region={region} />
      {backups && backups.chapters.length > 0 && <EpochsSection backups={backups} />}
    </>
  );
}
