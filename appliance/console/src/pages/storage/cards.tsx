import type { Forecast, Storage } from "../../api/storage.ts";
import { fleet } from "../../model/fleet.ts";
import {
  bytesPerSample,
  type Concern,
  concerns,
  diskTone,
  keptBytes,
  keptSince,
} from "../../model/storage.ts";
import { date, relative } from "../../model/times.ts";
import { bytes, count, MISSING } from "../../model/units.ts";
import { OverviewCard } from "../../ui/overview_card.tsx";
import { Track } from "../../ui/parts.tsx";

interface Props {
  storage: Storage;
  forecast: Forecast | null;
}

/** What the person on call asks: is anything wrong, until when does the disk last, how much is kept. */
export function Cards({ storage, forecast }: Props) {
  return (
    <div class="overview">
      <ConcernsCard found={concerns(storage, forecast, fleet.now())} />
      <DiskCard storage={storage} forecast={forecast} />
      <KeptCard storage={storage} forecast={forecast} />
    </div>
  );
}

function ConcernsCard({ found }: { found: readonly Concern[] }) {
  return (
    <OverviewCard
      title="Needs somebody"
      testid="storage-concerns"
      figure={found.length > 0 ? found.length : "Nothing"}
      tone={found[0]?.tone ?? "ok"}
    >
      {found.length === 0 && (
        <p class="muted">Every segment can be read as far as is known, and new ones are written.</p>
      )}
      <ul class="concerns">
        {found.map(({ tone, words, detail, hint }) => (
          <li key={words}>
            <strong class={`state ${tone}`}>{words}</strong>
            <span class="muted">{detail}</span>
            {hint && <code>{hint}</code>}
          </li>
        ))}
      </ul>
    </OverviewCard>
  );
}

function DiskCard({ storage: { disk, object_store }, forecast }: Props) {
  const used = disk.total > 0 ? 1 - disk.free / disk.total : 0;
  return (
    <OverviewCard
      title="The disk lasts"
      testid="storage-disk"
      figure={lastsWords(forecast)}
      tone={diskTone(forecast?.disk_full ?? null, fleet.now())}
    >
      <p class="muted">{forecast && fullWords(forecast)}</p>
      <Track ratio={used} />
      <p class="muted">
        {bytes(disk.free)} of {bytes(disk.total)} are free in <code>{disk.folder}</code>.
        {object_store && " Segments are in the object store; here are copies of those in use."}
      </p>
    </OverviewCard>
  );
}

function lastsWords(forecast: Forecast | null): string {
  if (!forecast || forecast.basis_days === 0) return MISSING;
  if (forecast.disk_full === null) return "Over a year";
  return forecast.disk_full > fleet.now()
    ? relative(forecast.disk_full, fleet.now()).replace(/^in /, "")
    : "It is full";
}

function fullWords({ basis_days, disk_full }: Forecast): string {
  if (basis_days === 0) return "There is hardly any history yet to foretell it from.";
  if (disk_full === null)
    return "History grows, but not so fast that it fills the disk within the next year.";
  return `It is full on ${date(disk_full)}, if hosts stay as many as they are.`;
}

function KeptCard({ storage, forecast }: Props) {
  const since = keptSince(storage);
  const perSample = bytesPerSample(storage);
  return (
    <OverviewCard title="Kept" testid="storage-kept" figure={bytes(keptBytes(storage))}>
      <dl class="kept">
        <dt>The oldest is of</dt>
        <dd>{since === null ? MISSING : date(since)}</dd>
        <dt>Bytes per sample, with all rollups</dt>
        <dd>{perSample === null ? MISSING : perSample.toFixed(2)}</dd>
        <dt>Samples per day</dt>
        <dd>{count(forecast?.samples_per_day ?? null)}</dd>
        <dt>In a year</dt>
        <dd>{bytes(forecast?.in_a_year ?? null)}</dd>
      </dl>
    </OverviewCard>
  );
}
