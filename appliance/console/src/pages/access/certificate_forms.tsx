import { pathOf, send } from "../../api/client.ts";
import type { Certificate } from "../../api/identity.ts";
import { plural } from "../../model/ledger.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Create } from "../../ui/create.tsx";
import { CheckField, TextField } from "../../ui/form.tsx";

/** Shut out whoever holds a certificate. */
export function RevokeCertificate({ certificate, onClose }: { certificate: Certificate; onClose(): void }) {
  const { name, serial } = certificate;
  const revoke = (field: (name: string) => string) =>
    send<void>("POST", pathOf("certificates", serial, "/revoke"), {
      body: { reason: field("reason").trim() },
    });
  return (
    <Confirm title={`Shut ${name} out?`} verb="Revoke" harmful onClose={onClose} perform={revoke}>
      <p>
        This certificate, and every other that {name} has, is refused from the next request on, also on
        connections that are open. To come back, the host must join anew.
      </p>
      <TextField
        label="Reason"
        name="reason"
        required
        maxLength={200}
        autofocus
        hint="Stands in the audit log."
      />
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
