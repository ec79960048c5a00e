import { get } from "../../api/client.ts";
import type { Certificates, Rotation, Signer } from "../../api/identity.ts";
import { session } from "../../api/session.ts";
import { type Health, signerHealth } from "../../model/certificates.ts";
import { fleet } from "../../model/fleet.ts";
import { plural } from "../../model/ledger.ts";
import { includes } from "../../model/roles.ts";
import { beat } from "../../ui/fresh.ts";
import { useLoaded } from "../../ui/hooks.ts";
import { Short, State, type Tone, When } from "../../ui/records.tsx";

const HEALTH: Readonly<Record<Health, readonly [Tone, string]>> = {
  fine: ["ok", "valid"],
  overdue: ["warn", "expires soon"],
  expired: ["bad", "expired"],
  ended: ["quiet", "ended"],
};

/** Who signs, who is trusted, and what this aggregator shows itself. */
export function Signers({ certificates: { issuer, authority, aggregator } }: { certificates: Certificates }) {
  return (
    <div class="signers" data-testid="signers">
      {issuer ? <SignerCard title="Issuer" signer={issuer} /> : <NoIssuer />}
      {authority.map((root, i) => (
        <SignerCard key={root.fingerprint} title={i === 0 ? "Root" : "Older root"} signer={root} />
      ))}
      {aggregator && (
        <article class="card signer">
          <h2>This aggregator</h2>
          <p class="signer-expiry">
            expires <When ms={aggregator.expires} />
          </p>
          <p class="muted">
            Renews itself. <Short text={aggregator.serial} />
          </p>
        </article>
      )}
      {includes(session.value?.role, "admin") && <Progress />}
    </div>
  );
}

function SignerCard({ title, signer }: { title: string; signer: Signer }) {
  const [tone, words] = HEALTH[signerHealth(signer, fleet.now())];
  return (
    <article class="card signer">
      <h2>
        {title} <State tone={tone}>{words}</State>
      </h2>
      <p class="signer-expiry">
        expires <When ms={signer.expires} />
      </p>
      <p class="muted">
        {signer.name} <Short text={signer.fingerprint} />
      </p>
    </article>
  );
}

function NoIssuer() {
  return (
    <article class="card signer">
      <h2>
        Issuer <State tone="warn">none</State>
      </h2>
      <p class="muted">
        No host can join. Install an intermediate: <code>sysmon-aggregator pki request</code>
      </p>
    </article>
  );
}

/** How far a change of issuer or root has come; nothing where there is none. */
function Progress() {
  const { data } = useLoaded(`rotation ${beat.value}`, (abort) =>
    get<Rotation>("/api/v1/certificates/rotation", {}, abort),
  );
  if (!data || (data.by_issuer.length < 2 && data.without_newest_root === 0)) return null;
  return (
    <article class="card signer" data-testid="rotation">
      <h2>
        Rotation <State tone="warn">under way</State>
      </h2>
      <ul>
        {data.by_issuer.map(({ issuer, valid }) => (
          <li key={issuer}>
            {plural(valid, "certificate")} by {issuer}
          </li>
        ))}
      </ul>
      <p class="muted">{plural(data.without_newest_root, "agent")} without the newest root</p>
    </article>
  );
}
