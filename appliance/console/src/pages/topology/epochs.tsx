import type { Backups } from "../../api/region.ts";
import { fleet } from "../../model/fleet.ts";
import { type Led, led, originWords } from "../../model/region.ts";
import { datedSpan } from "../../model/times.ts";
import { duration } from "../../model/units.ts";
import { type RecordColumn, Records, Short, When } from "../../ui/records.tsx";

const MOST_SHOWN = 50;
const MOST_DRAWN = 24;
const COLOURS = 8;

/** Who led when, and what of it can be restored. */
export function EpochsSection({ backups }: { backups: Backups }) {
  const epochs = led(backups.chapters, fleet.now());
  return (
    <section aria-labelledby="epochs-title">
      <h2 id="epochs-title" class="page-section">
        Epochs
      </h2>
      <Timeline epochs={epochs.slice(0, MOST_DRAWN).reverse()} />
      <Records
        label="Epochs"
        testid="epochs"
        columns={COLUMNS}
        rows={epochs.slice(0, MOST_SHOWN)}
        problem={null}
        keyOf={({ chapter }) => chapter.path}
        empty=""
      />
    </section>
  );
}

/** The newest epochs beside each other, as long as they lasted; a colour for each aggregator. */
function Timeline({ epochs }: { epochs: readonly Led[] }) {
  const names = [...new Set(epochs.map(({ chapter }) => chapter.node))].sort();
  return (
    <div class="timeline" data-testid="timeline">
      <div
        class="timeline-bar"
        role="img"
        aria-label={`The last ${epochs.length} epochs, led by ${names.join(", ")}`}
      >
        {epochs.map(({ chapter, endMs }) => (
          <span
            key={chapter.path}
            class={`series-${(names.indexOf(chapter.node) % COLOURS) + 1}`}
            style={{ flexGrow: Math.max(1, endMs - chapter.began) }}
            title={`Epoch ${chapter.epoch}, ${chapter.node}: ${datedSpan(chapter.began, endMs)}`}
          />
        ))}
      </div>
      <ul class="timeline-names" aria-hidden="true">
        {names.map((name, i) => (
          <li key={name}>
            <i class={`series-${(i % COLOURS) + 1}`} />
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

const COLUMNS: readonly RecordColumn<Led>[] = [
  { title: "Epoch", kind: "main", cell: ({ chapter }) => `${chapter.epoch}, ${chapter.node}` },
  { title: "Began", cell: ({ chapter }) => <When ms={chapter.began} /> },
  {
    title: "Led for",
    cell: ({ chapter, endMs, isNow }) =>
      `${duration((endMs - chapter.began) / 1000)}${isNow ? ", and leads" : ""}`,
  },
  { title: "Because", cell: ({ chapter }) => originWords(chapter.origin) },
  {
    title: "Can be restored",
    kind: "wide",
    cell: ({ chapter: { from, to } }) => (from === null || to === null ? "no more" : datedSpan(from, to)),
  },
  { title: "Path", kind: "wide", cell: ({ chapter }) => <Short text={chapter.path} length={20} /> },
];
