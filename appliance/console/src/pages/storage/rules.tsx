import type { RetentionRule } from "../../api/storage.ts";
import { plural } from "../../model/ledger.ts";
import { whole } from "../../model/units.ts";
import { type RecordColumn, Records } from "../../ui/records.tsx";

/** For how long what is kept of which hosts. */
export function RuleTable({ rules }: { rules: readonly RetentionRule[] }) {
  return (
    <section aria-labelledby="rules-title">
      <h2 id="rules-title" class="page-section">
        For how long
      </h2>
      <Records
        label="For how long"
        testid="rules"
        columns={columns(rules.length > 1 ? "everything else" : "all hosts")}
        rows={rules}
        problem={null}
        keyOf={({ selector }) => selector}
        empty=""
      />
    </section>
  );
}

const days = (amount: number) => plural(amount, "day");

/** The rule without a selector is for `rest`. */
const columns = (rest: string): readonly RecordColumn<RetentionRule>[] => [
  {
    title: "Hosts with",
    kind: "main",
    cell: ({ selector }) => (selector ? <code>{selector}</code> : rest),
  },
  { title: "Hosts", kind: "n", cell: ({ hosts }) => whole(hosts) },
  { title: "Ticks", kind: "n", cell: ({ raw_days }) => days(raw_days) },
  { title: "Minutes", kind: "n", cell: ({ minute_days }) => days(minute_days) },
  { title: "Hours", kind: "n", cell: ({ hour_days }) => days(hour_days) },
  { title: "Process tables", kind: "n", cell: ({ tables_days }) => days(tables_days) },
];
