import type { Region, RegionNode } from "../../api/region.ts";
import { fleet } from "../../model/fleet.ts";
import { heardWords, nodeWords, ROLE_WORDS, seconds } from "../../model/region.ts";
import { MISSING } from "../../model/units.ts";
import { second } from "../../ui/hooks.ts";
import { State } from "../../ui/records.tsx";

/** A card for each aggregator: what it is, how close it follows, and where it is reached. */
export function NodesSection({ region }: { region: Region }) {
  return (
    <section aria-labelledby="nodes-title">
      <h2 id="nodes-title" class="page-section">
        Aggregators
      </h2>
      <ul class="nodes" data-testid="nodes">
        {region.nodes.map((node) => (
          <NodeCard key={node.node} node={node} isHere={node.node === region.node} />
        ))}
      </ul>
      <Troubles region={region} />
    </section>
  );
}

function NodeCard({ node, isHere }: { node: RegionNode; isHere: boolean }) {
  second.value; // goes on by itself
  const { tone, words } = nodeWords(node, fleet.now());
  return (
    <li class="card node" data-testid={`node-${node.node}`}>
      <h3>
        <span class="cut">{node.node}</span>
        {isHere && <span class="chip">this one</span>}
      </h3>
      <p class="node-role">{ROLE_WORDS[node.role]}</p>
      <p>
        <State tone={tone}>{words}</State>
      </p>
      <dl class="kept">
        <dt>Epoch</dt>
        <dd>{node.epoch || MISSING}</dd>
        {node.role === "standby" && (
          <>
            <dt>Behind the leader</dt>
            <dd>{node.lag_ms === null ? MISSING : seconds(node.lag_ms)}</dd>
            <dt>Last report</dt>
            <dd>{heardWords(node, fleet.now())}</dd>
          </>
        )}
        <dt>For agents</dt>
        <dd>{node.ingest}</dd>
        {node.console && (
          <>
            <dt>Console</dt>
            <dd>
              <a class="link" href={node.console}>
                {node.console.replace("https://", "")}
              </a>
            </dd>
          </>
        )}
      </dl>
    </li>
  );
}

/** What keeps this aggregator from knowing more. */
function Troubles({ region: { consul_trouble, store_trouble } }: { region: Region }) {
  if (!consul_trouble && !store_trouble) return null;
  return (
    <ul class="concerns card topology-note" data-testid="topology-troubles">
      {consul_trouble && (
        <li>
          <strong class="state bad">Consul does not answer</strong>
          <span class="muted">{consul_trouble}</span>
        </li>
      )}
      {store_trouble && (
        <li>
          <strong class="state bad">The replica's store does not answer</strong>
          <span class="muted">{store_trouble}</span>
        </li>
      )}
    </ul>
  );
}
