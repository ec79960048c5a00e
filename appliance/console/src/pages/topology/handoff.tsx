import { useState } from "preact/hooks";
import { get, send } from "../../api/client.ts";
import type { HandoffChecks, Region } from "../../api/region.ts";
import { regionStore } from "../../model/region_store.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Fault, SelectField } from "../../ui/form.tsx";
import { useLoaded } from "../../ui/hooks.ts";
import { State } from "../../ui/records.tsx";

/** Lets somebody order another aggregator to lead; not while one is about to. */
export function HandoffButton({ region }: { region: Region }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        class="button"
        data-testid="handoff"
        disabled={region.handoff !== null || region.leader === null}
        onClick={() => setAsking(true)}
      >
        Hand over the lead
      </button>
      {asking && <HandoffDialog region={region} onClose={() => setAsking(false)} />}
    </>
  );
}

function HandoffDialog({ region, onClose }: { region: Region; onClose(): void }) {
  const [to, setTo] = useState("");
  const { data, problem } = useLoaded(`handoff ${to}`, (abort) =>
    get<HandoffChecks>("/api/v1/ha/handoff", to ? { to } : {}, abort),
  );
  const perform = async () => {
    await send("POST", "/api/v1/ha/handoff", { body: { to } });
    await regionStore.load();
  };
  const others = region.nodes.filter(({ node }) => node !== region.leader?.node);
  return (
    <Confirm
      title="Hand over the lead?"
      verb="Hand over"
      ready={data?.ok ?? false}
      onClose={onClose}
      perform={perform}
    >
      <p>
        The other one prepares itself first, while {region.leader?.node} goes on. Agents then wait for some
        seconds; nothing is lost.
      </p>
      <SelectField
        label="Who is to lead"
        name="to"
        options={[["", "Whoever is best prepared"], ...others.map(({ node }) => [node, node] as const)]}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Fault problem={problem} />
      <ul class="checks" data-testid="handoff-checks" aria-label="Checks">
        {data?.checks.map(({ name, ok, detail }) => (
          <li key={name}>
            <State tone={ok ? "ok" : "bad"}>{detail}</State>
          </li>
        ))}
      </ul>
    </Confirm>
  );
}
