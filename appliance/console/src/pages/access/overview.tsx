import type { ComponentChildren } from "preact";
import type { Problem } from "../../api/client.ts";
import type { AuditPage, Certificate, Enrolment, Signer } from "../../api/identity.ts";
import { session } from "../../api/session.ts";
import { neglected, signerHealth, signersOf } from "../../model/certificates.ts";
import { fleet } from "../../model/fleet.ts";
import { includes } from "../../model/roles.ts";
import { Fault } from "../../ui/form.tsx";
import { useFresh } from "../../ui/fresh.ts";
import { When } from "../../ui/records.tsx";
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

interface CardProps {
  title: string;
  testid: string;
  /** Null where it is not a number that matters. */
  count: number | null;
  tone: "warn" | "bad" | "";
  href: string;
  more: string;
  children: ComponentChildren;
}

function Card({ title, testid, count, tone, href, more, children }: CardProps) {
  return (
    <section class="card overview-card" data-testid={testid} aria-label={title}>
      <h2>{title}</h2>
      {count !== null && <p class={`overview-number ${count > 0 ? tone : "good"}`}>{count}</p>}
      {children}
      <a class="link overview-more" href={href}>
        {more}
      </a>
    </section>
  );
}

function WaitingCard() {
  const { data, problem } = useFresh<{ enrolments: readonly Enrolment[] }>("/api/v1/enrolments", {
    state: "waiting",
  });
  if (!data) return <NotYet problem={problem} />;
  const found = data.enrolments;
  return (
    <Card
      title="Hosts waiting"
      testid="overview-waiting"
      count={found.length}
      tone="warn"
      href="/access/waiting"
      more={found.length > 0 ? "Decide" : "Hosts waiting"}
    >
      <Lines
        of={found}
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
    </Card>
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
    <Card
      title="Running out"
      testid="overview-expiry"
      count={found.length}
      tone={found.some(({ expires }) => expires <= now) ? "bad" : "warn"}
      href="/access/certificates"
      more="Certificates"
    >
      <Lines
        of={found}
        none={<NothingExpires signers={signers} amount={valid.certificates.length} />}
        line={({ name, expires, words }) => (
          <li key={`${name} ${expires}`}>
            <b class="name">{name}</b> <span class="line-words">{words}</span>
            <When ms={expires} />
          </li>
        )}
      />
    </Card>
  );
}

function NothingExpires({ signers, amount }: { signers: readonly Signer[]; amount: number }) {
  const [first] = [...signers].sort((a, b) => a.expires - b.expires);
  return (
    <>
      {amount.toLocaleString("en-US")} valid, all renewed in time.{" "}
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
    <Card
      title="Latest changes"
      testid="overview-changes"
      count={null}
      tone=""
      href="/access/audit"
      more="Audit log"
    >
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
    </Card>
  );
}

interface LinesProps<Item> {
  of: readonly Item[];
  none: ComponentChildren;
  line(item: Item): ComponentChildren;
}

function Lines<Item>({ of, none, line }: LinesProps<Item>) {
  if (of.length === 0) return <p class="muted">{none}</p>;
  return <ul class="lines">{of.slice(0, SHOWN).map(line)}</ul>;
}

/** A card in whose place there is no answer yet, or none to be had. */
function NotYet({ problem }: { problem: Problem | null }) {
  if (!problem) return <div class="card overview-card skeleton" role="status" aria-label="Loading" />;
  return (
    <div class="card overview-card">
      <Fault problem={problem} />
    </div>
  );
}
