import type { SeriesPage as Page, KnownSeries } from "../../api/series.ts";
import type { Attributes } from "../../api/types.ts";
import { plural } from "../../model/ledger.ts";
import { keyOf } from "../../model/series.ts";
import { route } from "../../router.ts";
import { useGrowing } from "../../ui/growing.ts";
import { LongTable } from "../../ui/long_table.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { Labels } from "../../ui/parts.tsx";
import { type RecordColumn, When } from "../../ui/records.tsx";
import { CardinalityCards } from "./cardinality.tsx";
import { MatcherBox } from "./matcher_box.tsx";

const PAGE_SERIES = 200;
const CARD_HEIGHT = 148;

/** Which host has which series, since when, and what makes them many. */
export function SeriesPage() {
  const match = route.value.query.get("match") ?? "";
  const query = { limit: PAGE_SERIES, ...(match && { match }) };
  const { pages, problem, more } = useGrowing<Page>("/api/v1/series", query);
  const total = pages?.[0]?.total;
  const refused = problem?.status === 400 ? problem : null;
  return (
    <>
      <PageHead
        title="Series"
        about="A series is one metric of one host with one set of attributes; all that were ever sent are here."
      />
      <CardinalityCards />
      <MatcherBox match={match} refused={refused} />
      <p class="muted list-count" role="status" data-testid="series-total">
        {total !== undefined && !refused && plural(total, "series", "series")}
      </p>
      <LongTable
        label="Series"
        testid="series"
        columns={COLUMNS}
        rows={refused ? [] : (pages?.flatMap(({ series }) => series) ?? null)}
        total={total}
        problem={refused ? null : problem}
        cardHeight={CARD_HEIGHT}
        keyOf={keyOf}
        empty={refused ? "The selector above cannot be read." : "No series matches."}
        onEnd={more}
      />
    </>
  );
}

function attributesInWords(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
}

const COLUMNS: readonly RecordColumn<KnownSeries>[] = [
  { title: "Metric", kind: "main", cell: ({ metric }) => <span class="cut">{metric}</span> },
  {
    title: "Attributes",
    kind: "text",
    cell: ({ attributes }) => (
      <span class="chips" title={attributesInWords(attributes)}>
        <Labels labels={attributes} tags={[]} />
      </span>
    ),
  },
  {
    title: "Host",
    cell: ({ host }) => (
      <a class="link name cut" href={`/hosts/${host.id}`}>
        {host.name}
      </a>
    ),
  },
  { title: "First", kind: "wide", cell: ({ first }) => <When ms={first} /> },
  { title: "Last", cell: ({ last }) => <When ms={last} /> },
];
