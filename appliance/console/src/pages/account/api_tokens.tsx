import { useState } from "preact/hooks";
import { send } from "../../api/client.ts";
import type { Role } from "../../api/identity.ts";
import { ROLE_WORDS, rolesUpTo } from "../../model/roles.ts";
import { ApiTokens } from "../../ui/api_tokens.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Create } from "../../ui/create.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { PlusIcon } from "../../ui/icons.tsx";

const LIFETIMES = [
  ["86400", "1 day"],
  ["2592000", "30 days"],
  ["7776000", "90 days"],
  ["31536000", "1 year"],
] as const;

/** API tokens, with which programs do what their owner may do, or less. */
export function OwnApiTokens({ owner, role }: { owner: string | null; role: Role }) {
  const [creating, setCreating] = useState(false);
  return (
    <section aria-labelledby="api-tokens">
      <div class="section-head">
        <h2 id="api-tokens">API tokens</h2>
        <button type="button" class="button" data-testid="new-api-token" onClick={() => setCreating(true)}>
          <PlusIcon /> New API token
        </button>
      </div>
      <ApiTokens owner={owner} everybody={false} />
      {creating && <CreateApiToken role={role} onClose={() => setCreating(false)} />}
    </section>
  );
}

function CreateApiToken({ role, onClose }: { role: Role; onClose(): void }) {
  const create = (field: (name: string) => string, key: string) =>
    send<{ secret: string }>("POST", "/api/v1/api-tokens", {
      key,
      body: { name: field("name"), role: field("role"), expires_seconds: Number(field("expires")) },
    });
  return (
    <Create title="New API token" verb="Create" create={create} shown={shown} onClose={onClose}>
      <TextField
        label="Name"
        name="name"
        required
        maxLength={64}
        autofocus
        hint="What uses it, such as backup."
      />
      <SelectField
        label="Role"
        name="role"
        options={rolesUpTo(role).map((each) => [each, `${each}: ${ROLE_WORDS[each]}`])}
      />
      <SelectField label="Expires after" name="expires" options={LIFETIMES} chosen="2592000" />
    </Create>
  );
}

function shown({ secret }: { secret: string }) {
  return (
    <>
      <p>Copy it now: it is not shown again.</p>
      <Copyable text={secret} label="Copy the API token" testid="api-token-secret" />
      <p class="field-hint">
        Programs send it as <code>Authorization: Bearer …</code>
      </p>
    </>
  );
}
