import { pathOf, send } from "../../api/client.ts";
import type { Certificate } from "../../api/identity.ts";
import { plural } from "../../model/ledger.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Create } from "../../ui/create.tsx";
import { CheckField, TextField } from "../../ui/form.tsx";

/** Shut out whoever holds a certificate; a host as a whole, unless only this one is meant. */
export function RevokeCertificate({ certificate, onClose }: { certificate: Certificate; onClose(): void }) {
  const { name, role, serial, subject } = certificate;
  const isHost = role === "agent";
  const revoke = (field: (name: string) => string) => {
    const whole = isHost && field("host") === "on";
    const path = whole ? pathOf("hosts", subject, "/revoke") : pathOf("certificates", serial, "/revoke");
    return send<void>("POST", path, { body: { reason: field("reason").trim() } });
  };
  return (
    <Confirm
      title={`Revoke the certificate of ${name}?`}
      verb="Revoke"
      harmful
      onClose={onClose}
      perform={revoke}
    >
      <p>It is refused from the next request on, also on connections that are open. This cannot be undone.</p>
      <TextField
        label="Reason"
        name="reason"
        required
        maxLength={200}
        autofocus
        hint="Stands in the audit log."
      />
      {isHost && (
        <CheckField
          label="Shut the whole host out"
          name="host"
          defaultChecked
          hint="All its certificates, and no renewal. To come back it must join anew."
        />
      )}
    </Confirm>
  );
}

interface Rotated {
  asked: number;
}

export function Rotate({ onClose }: { onClose(): void }) {
  const rotate = (field: (name: string) => string, key: string) =>
    send<Rotated>("POST", "/api/v1/certificates/rotate", { key, body: { agents: field("agents") === "on" } });
  return (
    <Create title="Rotate certificates" verb="Rotate" create={rotate} shown={rotated} onClose={onClose}>
      <p>
        The aggregator reads its issuer and the trusted roots again, and renews its own certificate. No
        connection is dropped.
      </p>
      <CheckField
        label="Ask every agent to renew"
        name="agents"
        hint="They do so within ten minutes, each at a moment of its own."
      />
    </Create>
  );
}

function rotated({ asked }: Rotated) {
  return (
    <p>
      Done.{" "}
      {asked > 0
        ? `${plural(asked, "agent")} will renew within ten minutes.`
        : "No agent was asked to renew."}
    </p>
  );
}
