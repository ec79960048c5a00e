import { useState } from "preact/hooks";
import { pathOf, send } from "../../api/client.ts";
import type { ApiToken, Role } from "../../api/identity.ts";
import { ROLE_WORDS, rolesUpTo } from "../../model/roles.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Create } from "../../ui/create.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";
import { useFresh } from "../../ui/fresh.ts";
import { PlusIcon } from "../../ui/icons.tsx";
import { type RecordColumn, Records, When } from "../../ui/records.tsx";

const LIFETIMES = [
  ["86400", "1 day"],
  ["2592000", "30 days"],
  ["7776000", "90 days"],
  ["31536000", "1 year"],
] as const;

type Asked = "create" | ApiToken | null;

/** API tokens, with which programs do what their owner may do, or less. */
export function ApiTokens({ owner, role }: { owner: string | null; role: Role }) {
  const { data, problem } = useFresh<{ api_tokens: readonly ApiToken[] }>("/api/v1/api-tokens");
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  return (
    <section aria-labelledby="api-tokens">
      <div class="section-head">
        <h2 id="api-tokens">API tokens</h2>
        <button type="button" class="button" data-testid="new-api-token" onClick={() => setAsked("create")}>
          <PlusIcon /> New API token
        </button>
      </div>
      <Records
        label="API tokens"
        testid="api-tokens"
        columns={columns(setAsked)}
        rows={data?.api_tokens.filter((token) => token.owner === owner) ?? null}
        problem={problem}
        keyOf={({ id }) => id}
        empty="No program uses the API in your name."
      />
      {asked === "create" && <CreateApiToken role={role} onClose={close} />}
      {asked !== null && asked !== "create" && <Revoke token={asked} onClose={close} />}
    </section>
  );
}

function columns(onRevoke: (token: ApiToken) => void): RecordColumn<ApiToken>[] {
  return [
    { title: "Name", kind: "main", cell: ({ name }) => name },
    { title: "Role", cell: ({ role }) => role },
    { title: "Created", kind: "wide", cell: ({ created }) => <When ms={created} /> },
    { title: "Last used", cell: ({ last_used }) => (last_used === null ? "never" : <When ms={last_used} />) },
    { title: "Expires", cell: ({ expires }) => <When ms={expires} /> },
    {
      title: "Actions",
      kind: "acts",
      cell: (token) => (
        <button type="button" class="button small" onClick={() => onRevoke(token)}>
          Revoke
        </button>
      ),
    },
  ];
}

function Revoke({ token, onClose }: { token: ApiToken; onClose(): void }) {
  return (
    <Confirm
      title="Revoke this API token?"
      verb="Revoke"
      harmful
      onClose={onClose}
      perform={() => send("DELETE", pathOf("api-tokens", token.id))}
    >
      <p>
        Programs that use <strong>{token.name}</strong> are refused from the next request on.
      </p>
    </Confirm>
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
