import { useState } from "preact/hooks";
import { send } from "../../api/client.ts";
import type { Damaged, Repaired } from "../../api/storage.ts";
import { plural } from "../../model/ledger.ts";
import { KIND_WORDS } from "../../model/storage.ts";
import { datedSpan } from "../../model/times.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { type RecordColumn, Records, Short, When } from "../../ui/records.tsx";

interface Props {
  damaged: readonly Damaged[];
  repairs: boolean;
}

/** Segments that were set aside, and what can be done about them; nothing while there are none. */
export function DamagedSection({ damaged, repairs }: Props) {
  const [asking, setAsking] = useState<"repair" | "give up" | null>(null);
  const [result, setResult] = useState<Repaired | null>(null);
  const repair = async (giveUp: boolean) =>
    setResult(await send<Repaired>("POST", "/api/v1/storage/repair", { body: { give_up: giveUp } }));
  if (damaged.length === 0 && !result) return null;
  return (
    <section aria-labelledby="damaged-title">
      <div class="section-head">
        <h2 id="damaged-title" class="page-section">
          Damaged segments
        </h2>
        {repairs && damaged.length > 0 && (
          <div class="page-actions">
            {result && result.lost.length > 0 && (
              <button type="button" class="button" data-testid="give-up" onClick={() => setAsking("give up")}>
                Give up what is lost
              </button>
            )}
            <button
              type="button"
              class="button primary"
              data-testid="repair"
              onClick={() => setAsking("repair")}
            >
              Repair
            </button>
          </div>
        )}
      </div>
      {result && (
        <p class="card working" role="status" data-testid="repaired">
          {resultWords(result)}
        </p>
      )}
      <Records
        label="Damaged segments"
        testid="damaged"
        columns={COLUMNS}
        rows={damaged}
        problem={null}
        keyOf={({ name }) => name}
        empty="Nothing is set aside any more."
      />
      {asking === "repair" && (
        <Confirm title="Repair?" verb="Repair" onClose={() => setAsking(null)} perform={() => repair(false)}>
          <p>
            Each segment is brought back from another copy, or made again from what it was made of. What is
            lost stays set aside.
          </p>
        </Confirm>
      )}
      {asking === "give up" && (
        <Confirm
          title="Give up what is lost?"
          verb="Give up"
          harmful
          onClose={() => setAsking(null)}
          perform={() => repair(true)}
        >
          <p>
            What cannot be brought back is forgotten. Charts show a gap there, and nobody is told of it any
            more.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function resultWords({ repaired, lost }: Repaired): string {
  const again = `${plural(repaired.length, "segment")} can be read again`;
  return lost.length > 0 ? `${again}; of ${plural(lost.length, "segment")} nothing is left.` : `${again}.`;
}

const COLUMNS: readonly RecordColumn<Damaged>[] = [
  { title: "History of", kind: "main", cell: ({ from, to }) => datedSpan(from, to) },
  { title: "What", cell: ({ kind }) => KIND_WORDS[kind] },
  { title: "Hosts", cell: ({ hosts }) => hosts },
  { title: "Found", cell: ({ found }) => <When ms={found} /> },
  { title: "Segment", kind: "wide", cell: ({ name }) => <Short text={name} length={36} /> },
];
