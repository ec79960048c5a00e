import { get } from "../../api/client.ts";
import type { Ledger, LedgerTotal } from "../../api/types.ts";
import { ledgerLines, plural } from "../../model/ledger.ts";
import { whole } from "../../model/units.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { useLoaded } from "../../ui/hooks.ts";

/** What is missing, by host and reason, in words. */
export function LedgerDialog({ onClose }: { onClose(): void }) {
  const { data, problem } = useLoaded("ledger", (abort) => get<Ledger>("/api/v1/ledger", {}, abort));
  return (
    <Dialog label="Loss ledger" testid="ledger" onClose={onClose} titled>
      <div class="ledger">
        <p class="muted">
          Every tick of every host is either stored or accounted for here with its reason. There is no third
          place.
        </p>
        {problem && <p role="alert">{problem.message}</p>}
        {data && <LedgerSums total={data.total} />}
        {data && <LedgerHosts ledger={data} />}
      </div>
    </Dialog>
  );
}

function LedgerSums({ total }: { total: LedgerTotal }) {
  return (
    <dl class="ledger-sums">
      <div>
        <dt>Numbered</dt>
        <dd>{whole(total.stored + total.missing)}</dd>
      </div>
      <span aria-hidden="true">=</span>
      <div>
        <dt>Stored</dt>
        <dd>{whole(total.stored)}</dd>
      </div>
      <span aria-hidden="true">+</span>
      <div>
        <dt>Missing</dt>
        <dd>{whole(total.missing)}</dd>
      </div>
    </dl>
  );
}

function LedgerHosts({ ledger }: { ledger: Ledger }) {
  const hosts = ledger.hosts
    .map((host) => ({ ...host, missing: combined(host.streams) }))
    .filter((host) => host.missing.missing > 0)
    .sort((a, b) => b.missing.missing - a.missing.missing);
  if (hosts.length === 0)
    return <p class="ledger-clean">Nothing is missing from {plural(ledger.hosts.length, "host")}.</p>;
  return (
    <ul class="ledger-hosts">
      {hosts.map((host) => (
        <li key={host.id}>
          <a class="name" href={`/hosts/${host.id}`}>
            {host.name}
          </a>
          <ul>
            {ledgerLines(host.missing).map(({ reason, words }) => (
              <li key={reason}>
                <code>{reason}</code> {words}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

function combined(parts: readonly LedgerTotal[]): LedgerTotal {
  const by_reason: Record<string, number> = {};
  for (const part of parts)
    for (const [reason, ticks] of Object.entries(part.by_reason))
      by_reason[reason] = (by_reason[reason] ?? 0) + ticks;
  const sum = (pick: (part: LedgerTotal) => number) => parts.reduce((all, part) => all + pick(part), 0);
  return { stored: sum((part) => part.stored), missing: sum((part) => part.missing), by_reason };
}
