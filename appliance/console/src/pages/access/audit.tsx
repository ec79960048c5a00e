import { useState } from "preact/hooks";
import { get, withQuery } from "../../api/client.ts";
import type { AuditEntry, AuditPage as Page, Verification } from "../../api/identity.ts";
import { differences } from "../../model/audit.ts";
import { plural } from "../../model/ledger.ts";
import { dated } from "../../model/times.ts";
import { go, route, withParams } from "../../router.ts";
import { Fault } from "../../ui/form.tsx";
import { useAction, useFreshPages } from "../../ui/fresh.ts";
import { type RecordColumn, Records, When } from "../../ui/records.tsx";
import { PageHead } from "../../ui/page_head.tsx";

const FILTERS = ["actor", "action", "target"] as const;
const EXAMPLES = { actor: "user:ada", action: "token.create", target: "web-1" };
const PAGE_ENTRIES = 50;

/** Who changed what, the newest first. */
export function AuditPage() {
  const { query } = route.value;
  const chosen = FILTERS.flatMap((name) => {
    const value = query.get(name);
    return value ? [[name, value] as const] : [];
  });
  const [most, setMost] = useState(1);
  const asked = { limit: PAGE_ENTRIES, ...Object.fromEntries(chosen) };
  const { data, problem } = useFreshPages<Page>("/api/v1/audit", asked, { cursor: "after", most });
  return (
    <>
      <PageHead
        title="Audit log"
        about="Every change, chained by hashes: none can be altered or taken out without being found."
      >
        <a class="button" href="/api/v1/audit/export" download="audit.jsonl">
          Export
        </a>
      </PageHead>
      <Verify />
      <Filters />
      <Records
        label="Audit log"
        testid="audit"
        columns={COLUMNS}
        rows={data?.flatMap(({ entries }) => entries) ?? null}
        problem={problem}
        keyOf={({ number }) => number}
        empty={chosen.length > 0 ? "No entry matches." : "Nothing has been changed yet."}
      />
      {data?.at(-1)?.next && (
        <button type="button" class="button more" data-testid="older" onClick={() => setMost(most + 1)}>
          Show older entries
        </button>
      )}
    </>
  );
}

function Filters() {
  const { query } = route.value;
  return (
    <search class="audit-filters">
      {FILTERS.map((name) => (
        <label key={name}>
          <span class="visually-hidden">Filter by {name}</span>
          <input
            class="input"
            data-testid={`audit-${name}`}
            placeholder={`${name}, such as ${EXAMPLES[name]}`}
            autocomplete="off"
            spellcheck={false}
            value={query.get(name) ?? ""}
            onChange={(event) => go(withParams({ [name]: event.currentTarget.value.trim() }))}
          />
        </label>
      ))}
    </search>
  );
}

const COLUMNS: readonly RecordColumn<AuditEntry>[] = [
  { title: "Number", kind: "wide", cell: ({ number, hash }) => <span title={`Hash ${hash}`}>{number}</span> },
  { title: "When", cell: ({ time }) => <When ms={time} /> },
  { title: "Who", cell: (entry) => <Who entry={entry} /> },
  { title: "Action", kind: "main", cell: ({ action }) => <Pick name="action" value={action} /> },
  { title: "Target", kind: "text", cell: ({ target }) => target && <Pick name="target" value={target} /> },
  { title: "Change", kind: "text", cell: (entry) => <Change entry={entry} /> },
];

function Who({ entry: { actor, origin } }: { entry: AuditEntry }) {
  return (
    <div class="stacked">
      <Pick name="actor" value={actor} />
      <span class="muted">{origin}</span>
    </div>
  );
}

/** A value that filters by itself. */
function Pick({ name, value }: { name: (typeof FILTERS)[number]; value: string }) {
  return (
    <a class="pick" href={withQuery("/access/audit", { [name]: value })} title={`Filter by ${name}`}>
      {value}
    </a>
  );
}

function Change({ entry }: { entry: AuditEntry }) {
  return (
    <ul class="differences">
      {differences(entry).map(({ key, before, after }) => (
        <li key={key}>
          <span class="muted">{key}</span> {before !== null && <del>{before}</del>}{" "}
          {after !== null && <ins>{after}</ins>}
        </li>
      ))}
    </ul>
  );
}

function Verify() {
  const { busy, problem, run } = useAction();
  const [result, setResult] = useState<{ found: Verification; at: number } | null>(null);
  const verify = async () => {
    const found = await get<Verification>("/api/v1/audit/verify");
    setResult({ found, at: Date.now() });
  };
  return (
    <div class={`card verify ${result && !result.found.intact ? "broken" : ""}`}>
      <p role="status" data-testid="verified">
        {result ? <Verdict {...result} /> : "Verifying reads every entry again and recomputes the chain."}
      </p>
      <button type="button" class="button" data-testid="verify" aria-busy={busy} onClick={() => run(verify)}>
        {busy ? "Verifying" : "Verify"}
      </button>
      <Fault problem={problem} />
    </div>
  );
}

function Verdict({ found: { intact, entries, head, fault }, at }: { found: Verification; at: number }) {
  if (!intact)
    return (
      <strong>
        {fault ? `Entry ${fault.number} does not fit the chain: ${fault.problem}` : "The chain is broken."}
      </strong>
    );
  return (
    <>
      <strong>Intact:</strong> {plural(entries, "entry", "entries")}, at {dated(at)}. The head is{" "}
      <code class="hash">{head}</code>
    </>
  );
}
