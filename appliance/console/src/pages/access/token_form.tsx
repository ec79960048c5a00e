import { useState } from "preact/hooks";
import { send } from "../../api/client.ts";
import type { NewJoinToken } from "../../api/identity.ts";
import { fleet } from "../../model/fleet.ts";
import { labelsFault, parseLabels } from "../../model/labels.ts";
import { Copyable } from "../../ui/copy.tsx";
import { Create } from "../../ui/create.tsx";
import { CheckField, SelectField, TextField } from "../../ui/form.tsx";
import { When } from "../../ui/records.tsx";

const LIFETIMES = [
  ["900", "15 minutes"],
  ["3600", "1 hour"],
  ["28800", "8 hours"],
  ["86400", "1 day"],
  ["604800", "7 days"],
] as const;

export function CreateToken({ onClose }: { onClose(): void }) {
  const [replaces, setReplaces] = useState("");
  return (
    <Create title="New join token" verb="Create" create={create} shown={shown} onClose={onClose}>
      <div class="field-row">
        <SelectField label="Usable for" name="ttl" options={LIFETIMES} chosen="3600" autofocus />
        <TextField
          label="Hosts"
          name="uses"
          inputMode="numeric"
          pattern="[1-9][0-9]{0,3}"
          title="A number from 1 to 9999."
          required
          {...(replaces ? { value: "1", readOnly: true } : { defaultValue: "1" })}
          hint={replaces ? "One host replaces one." : "How many may join with it."}
        />
      </div>
      <TextField
        label="Labels"
        name="labels"
        placeholder="role=db env=prod"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: input }) => input.setCustomValidity(labelsFault(input.value))}
        hint="Every host that joins with it gets them."
      />
      <SelectField
        label="Replaces"
        name="replace"
        options={[["", "no host"], ...hostOptions()]}
        value={replaces}
        onChange={(event) => setReplaces(event.currentTarget.value)}
        hint="For a machine that was reinstalled: it goes on with that host's history, and the old certificates are revoked."
      />
      <CheckField
        label="Each host waits until an operator approves it"
        name="approval"
        hint="For tokens that many people can read, such as one in an image."
      />
    </Create>
  );
}

function hostOptions(): (readonly [id: string, name: string])[] {
  const hosts = fleet.hosts.peek().map(({ id, name }) => [id, name] as const);
  return hosts.sort(([, a], [, b]) => a.localeCompare(b));
}

function create(field: (name: string) => string, key: string): Promise<NewJoinToken> {
  return send<NewJoinToken>("POST", "/api/v1/tokens", {
    key,
    body: {
      ttl_seconds: Number(field("ttl")),
      uses: Number(field("uses")),
      labels: parseLabels(field("labels")),
      approval: field("approval") === "on",
      replace: field("replace"),
    },
  });
}

function shown({ token, secret, command }: NewJoinToken) {
  return (
    <>
      <p>
        Run this on the host. It is not shown again, and it expires <When ms={token.expires} />.
      </p>
      <Copyable text={command} label="Copy the command" testid="token-command" />
      <details>
        <summary>Only the token</summary>
        <Copyable text={secret} label="Copy the token" testid="token-secret" />
      </details>
    </>
  );
}
