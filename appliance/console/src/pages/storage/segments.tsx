import type { Kind, Segment, SegmentPage as Page, Storage } from "../../api/storage.ts";
import { plural } from "../../model/ledger.ts";
import { KIND_WORDS, KINDS } from "../../model/storage.ts";
import { datedSpan } from "../../model/times.ts";
import { bytes, count, whole } from "../../model/units.ts";
import { go, route, withParams } from "../../router.ts";
import { useFresh } from "../../ui/fresh.ts";
import { useGrowing } from "../../ui/growing.ts";
import { LongTable } from "../../ui/long_table.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { type RecordColumn, State, When } from "../../ui/records.tsx";

const PAGE_SEGMENTS = 200;
const CARD_HEIGHT = 172;

/** The segments in force, the newest first. */
export function SegmentsPage() {
  const { data: storage } = useFresh<Storage>("/api/v1/storage");
  const chosen = KINDS.find((kind) => kind === route.value.query.get("kind")) ?? null;
  const query = { limit: PAGE_SEGMENTS, ...(chosen && { kind: chosen }) };
  // Segments change when something was sealed or merged, and no other time.
  const version = `${storage?.last_seal} ${storage?.last_merge} ${storage?.damaged.length}`;
  const { pages, problem, more } = useGrowing<Page>("/api/v1/storage/segments", query, version);
  return (
    <>
      <PageHead
        title="Segments"
        about="Files that are never changed: each has ticks of some hosts over some time."
      />
      <Kinds storage={storage} chosen={chosen} />
      <LongTable
        label="Segments"
        testid="segments"
        columns={COLUMNS}
        rows={pages?.flatMap(({ segments }) => segments) ?? null}
        total={storage ? amountOf(storage, chosen) : undefined}
        problem={problem}
        cardHeight={CARD_HEIGHT}
        keyOf={({ name }) => name}
        empty="There is no such segment yet."
        onEnd={more}
      />
    </>
  );
}

function amountOf({ kinds }: Storage, chosen: Kind | null): number {
  return kinds.reduce(
    (sum, { kind, segments }) => sum + (chosen === null || kind === chosen ? segments : 0),
    0,
  );
}

function Kinds({ storage, chosen }: { storage: Storage | null; chosen: Kind | null }) {
  return (
    <div class="list-head">
      <fieldset class="segments" aria-label="What is in them">
        {[null, ...KINDS].map((kind) => (
          <button
            key={kind}
            type="button"
            data-testid={`kind-${kind ?? "all"}`}
            aria-pressed={kind === chosen}
            onClick={() => go(withParams({ kind }), { replace: true })}
          >
            {kind ? KIND_WORDS[kind] : "All"}
          </button>
        ))}
      </fieldset>
      {storage && <span class="muted">{plural(amountOf(storage, chosen), "segment")}</span>}
    </div>
  );
}

const COLUMNS: readonly RecordColumn<Segment>[] = [
  { title: "History of", kind: "main", cell: ({ from, to }) => datedSpan(from, to) },
  { title: "What", cell: ({ kind }) => KIND_WORDS[kind] },
  { title: "Merged", cell: ({ level }) => LEVEL_WORDS[level] },
  { title: "Hosts", kind: "n", cell: ({ hosts }) => whole(hosts) },
  { title: "Samples", kind: "n wide", cell: ({ samples }) => count(samples) },
  { title: "Size", kind: "n", cell: (segment) => bytes(segment.bytes) },
  { title: "Made", kind: "wide", cell: ({ created }) => <When ms={created} /> },
  { title: "State", cell: (segment) => <SegmentState segment={segment} /> },
];

const LEVEL_WORDS: Readonly<Record<Segment["level"], string>> = {
  sealed: "not yet",
  day: "by day",
  month: "by month",
};

function SegmentState({ segment: { damaged, local, name } }: { segment: Segment }) {
  if (damaged !== null) return <State tone="bad">damaged</State>;
  return (
    <span title={name}>
      <State tone={local ? "ok" : "quiet"}>{local ? "here" : "in the store"}</State>
    </span>
  );
}
