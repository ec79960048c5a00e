import { useState } from "preact/hooks";
import type { Problem } from "../../api/client.ts";
import type { Certificate, CertificateState } from "../../api/identity.ts";
import { session } from "../../api/session.ts";
import { healthOf, neglected } from "../../model/certificates.ts";
import { fleet } from "../../model/fleet.ts";
import { plural } from "../../model/ledger.ts";
import { includes } from "../../model/roles.ts";
import { go, route, withParams } from "../../router.ts";
import { type RecordColumn, Records, Short, State, type Tone, When } from "../../ui/records.tsx";
import { useCertificates } from "./certificate_list.ts";
import { PageHead } from "../../ui/page_head.tsx";
import { RevokeCertificate, Rotate } from "./certificate_forms.tsx";
import { Signers } from "./signers.tsx";

const STATES: readonly (CertificateState | "all")[] = ["valid", "expired", "revoked", "superseded", "all"];
const SHOWN = 200;

/** Who signs here, and every certificate that was signed. */
export function CertificatesPage() {
  const { query } = route.value;
  const state = (query.get("state") ?? "valid") as (typeof STATES)[number];
  const { data, problem } = useCertificates(state === "all" ? null : state);
  const [rotating, setRotating] = useState(false);
  return (
    <>
      <PageHead
        title="Certificates"
        about="Agents renew theirs by themselves, at two thirds of its life. Revoking takes effect at the next request."
      >
        {includes(session.value?.role, "admin") && (
          <button type="button" class="button" data-testid="rotate" onClick={() => setRotating(true)}>
            Rotate
          </button>
        )}
      </PageHead>
      {data && <Signers certificates={data} />}
      {data && <Neglected certificates={data.certificates} />}
      <Filters state={state} text={query.get("filter") ?? ""} />
      <List
        certificates={data && matching(data.certificates, query.get("filter") ?? "")}
        descending={query.get("sort") === "-expires"}
        problem={problem}
      />
      {rotating && <Rotate onClose={() => setRotating(false)} />}
    </>
  );
}

function matching(certificates: readonly Certificate[], text: string): readonly Certificate[] {
  const wanted = text.toLowerCase();
  return certificates.filter(({ name, subject, serial }) =>
    [name, subject, serial].some((value) => value.toLowerCase().includes(wanted)),
  );
}

/** Says that somebody must look, while it is not too late. */
function Neglected({ certificates }: { certificates: readonly Certificate[] }) {
  const found = neglected(certificates, fleet.now());
  const [first] = found;
  if (!first) return null;
  return (
    <div class="card warning" role="status" data-testid="neglected">
      <strong>{plural(found.length, "certificate")} should have been renewed.</strong> Does the agent of{" "}
      <span class="name">{first.name}</span> run? On that host, <code>sysmon-agent renew</code> says what
      keeps it.
    </div>
  );
}

function Filters({ state, text }: { state: string; text: string }) {
  return (
    <search class="certificate-filters">
      <fieldset class="segments" aria-label="State">
        {STATES.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === state}
            data-testid={`state-${each}`}
            onClick={() => go(withParams({ state: each === "valid" ? null : each }))}
          >
            {each}
          </button>
        ))}
      </fieldset>
      <input
        class="input"
        aria-label="Filter by host or serial number"
        placeholder="Host or serial number"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => go(withParams({ filter: event.currentTarget.value }), { replace: true })}
      />
    </search>
  );
}

interface ListProps {
  certificates: readonly Certificate[] | null;
  descending: boolean;
  problem: Problem | null;
}

function List({ certificates, descending, problem }: ListProps) {
  const [shown, setShown] = useState(SHOWN);
  const [revoking, setRevoking] = useState<Certificate | null>(null);
  const sign = descending ? -1 : 1;
  const rows = certificates && [...certificates].sort((a, b) => sign * (a.expires - b.expires));
  const rest = (rows?.length ?? 0) - shown;
  return (
    <>
      <Records
        label="Certificates"
        testid="certificates"
        columns={columns(descending, setRevoking)}
        rows={rows && rows.slice(0, shown)}
        problem={problem}
        keyOf={({ serial }) => serial}
        empty="There is no such certificate."
      />
      {rest > 0 && (
        <button type="button" class="button more" onClick={() => setShown(shown + SHOWN)}>
          Show more of {plural(rest, "other")}
        </button>
      )}
      {revoking && <RevokeCertificate certificate={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function columns(
  descending: boolean,
  onRevoke: (certificate: Certificate) => void,
): RecordColumn<Certificate>[] {
  const acts: RecordColumn<Certificate> = {
    title: "Actions",
    kind: "acts",
    cell: (certificate) =>
      certificate.state === "valid" && (
        <button
          type="button"
          class="button small"
          aria-label={`Revoke the certificate of ${certificate.name}`}
          onClick={() => onRevoke(certificate)}
        >
          Revoke
        </button>
      ),
  };
  return [
    { title: "For", kind: "main", cell: (certificate) => <Holder certificate={certificate} /> },
    { title: "State", cell: (certificate) => <CertificateStateCell certificate={certificate} /> },
    {
      title: "Expires",
      sort: { descending, onToggle: () => go(withParams({ sort: descending ? null : "-expires" })) },
      cell: ({ expires }) => <When ms={expires} />,
    },
    { title: "Issued", cell: ({ issued }) => <When ms={issued} /> },
    { title: "Issuer", kind: "wide", cell: ({ issuer }) => issuer },
    { title: "Serial number", kind: "wide", cell: ({ serial }) => <Short text={serial} /> },
    ...(includes(session.value?.role, "operator") ? [acts] : []),
  ];
}

function Holder({ certificate: { role, subject, name } }: { certificate: Certificate }) {
  return (
    <div class="stacked">
      {role === "agent" ? (
        <a class="link name" href={`/hosts/${subject}`}>
          {name}
        </a>
      ) : (
        <span class="name">{name}</span>
      )}
      {role !== "agent" && <span class="muted">{role}</span>}
    </div>
  );
}

const TONES: Readonly<Record<CertificateState, Tone>> = {
  valid: "ok",
  expired: "warn",
  revoked: "bad",
  superseded: "quiet",
};

function CertificateStateCell({ certificate }: { certificate: Certificate }) {
  const { state, reason } = certificate;
  if (healthOf(certificate, fleet.now()) === "overdue") return <State tone="warn">not renewed</State>;
  return (
    <span class="stacked">
      <State tone={TONES[state]}>{state}</State>
      {reason && <span class="muted">{reason}</span>}
    </span>
  );
}
