import type { AuditPage, Certificate, Enrolment, Signer } from "../../api/identity.ts";
import { session } from "../../api/session.ts";
import { neglected, signerHealth, signersOf } from "../../model/certificates.ts";
import { fleet } from "../../model/fleet.ts";
import { includes } from "../../model/roles.ts";
import { whole } from "../../model/units.ts";
import { useFresh } from "../../ui/fresh.ts";
import { Lines, NotYet, OverviewCard } from "../../ui/overview_card.tsx";
import { type Tone, When } from "../../ui/records.tsx";
import { useCertificates } from "./certificate_list.ts";
import { Why } from "./why.tsx";

const SHOWN = 5;

/** What the person on call asks: does anybody wait, does anything run out, who changed what. */
export function Overview() {
  const role = session.value?.role;
  return (
    <>
      <h1 class="visually-hidden">Access</h1>
      <div class="overview">
        {includes(role, "operator") && <WaitingCard />}
        <ExpiryCard />
        {includes(role, "admin") && <ChangesCard />}
      </div>
    </>
  );
}

function WaitingCard() {
  const { data, problem } = useFresh<{ enrolments: readonly Enrolment[] }>("/api/v1/enrolments", {
    state: "waiting",
  });
  if (!data) return <NotYet problem={problem} />;
  const found = data.enrolments;
  return (
    <OverviewCard
      title="Hosts waiting"
      testid="overview-waiting"
      figure={found.length}
      tone={found.length > 0 ? "warn" : "ok"}
      href="/access/waiting"
      more={found.length > 0 ? "Decide" : "Hosts waiting"}
    >
      <Lines
        of={found.slice(0, SHOWN)}
        none="Nobody waits for approval."
        line={(enrolment) => (
          <li key={enrolment.id}>
            <b class="name">{enrolment.name}</b>
            <span class="line-words">
              <Why enrolment={enrolment} />
            </span>
            <When ms={enrolment.requested} />
          </li>
        )}
      />
    </OverviewCard>
  );
}

/** Something that runs out, with the moment at which it does. */
type Expiring = Pick<Certificate, "name" | "expires"> & { words: string };

function ExpiryCard() {
  const { data: valid, problem } = useCertificates("valid");
  const { data: expired } = useCertificates("expired");
  if (!valid || !expired) return <NotYet problem={problem} />;
  const now = fleet.now();
  const signers = signersOf(valid);
  const found: Expiring[] = [
    ...signers
      .filter((signer) => signerHealth(signer, now) !== "fine")
      .map((each) => ({ ...each, words: "signs" })),
    ...neglected([...valid.certificates, ...expired.certificates], now).map((certificate) => ({
      ...certificate,
      words: certificate.expires > now ? "was not renewed, expires" : "was not renewed, expired",
    })),
  ];
  return (
    <OverviewCard
      title="Running out"
      testid="overview-expiry"
      figure={found.length}
      tone={toneOf(found, now)}
      href="/access/certificates"
      more="Certificates"
    >
      <Lines
        of={found.slice(0, SHOWN)}
        none={<NothingExpires signers={signers} amount={valid.certificates.length} />}
        line={({ name, expires, words }) => (
          <li key={`${name} ${expires}`}>
            <b class="name">{name}</b> <span class="line-words">{words}</span>
            <When ms={expires} />
          </li>
        )}
      />
    </OverviewCard>
  );
}

function toneOf(found: readonly Expiring[], nowMs: number): Tone {
  if (found.length === 0) return "ok";
  return found.some(({ expires }) => expires <= nowMs) ? "bad" : "warn";
}

function NothingExpires({ signers, amount }: { signers: readonly Signer[]; amount: number }) {
  const [first] = [...signers].sort((a, b) => a.expires - b.expires);
  return (
    <>
      {whole(amount)} valid, all renewed in time.{" "}
      {first && (
        <>
          The first to need a person is <span class="name">{first.name}</span>, <When ms={first.expires} />.
        </>
      )}
    </>
  );
}

function ChangesCard() {
  const { data, problem } = useFresh<AuditPage>("/api/v1/audit", { limit: SHOWN });
  if (!data) return <NotYet problem={problem} />;
  return (
    <OverviewCard title="Latest changes" testid="overview-changes" href="/access/audit" more="Audit log">
      <Lines
        of={data.entries}
        none="Nothing has been changed yet."
        line={({ number, actor, action, target, time }) => (
          <li key={number}>
            <b>{actor}</b>{" "}
            <span class="line-words">
              {action} {target}
            </span>
            <When ms={time} />
          </li>
        )}
      />
    </OverviewCard>
  );
}
