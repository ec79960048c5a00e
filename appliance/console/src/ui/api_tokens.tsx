// The table of API tokens, one's own or everybody's.

import { useState } from "preact/hooks";
import { pathOf, send } from "../api/client.ts";
import type { ApiToken } from "../api/identity.ts";
import { Confirm } from "./confirm.tsx";
import { useFresh } from "./fresh.ts";
import { type RecordColumn, Records, When } from "./records.tsx";

interface Props {
  /** Whose tokens are shown; null for those that were made without a user. */
  owner: string | null;
  everybody: boolean;
}

export function ApiTokens({ owner, everybody }: Props) {
  const { data, problem } = useFresh<{ api_tokens: readonly ApiToken[] }>("/api/v1/api-tokens");
  const [revoking, setRevoking] = useState<ApiToken | null>(null);
  return (
    <>
      <Records
        label="API tokens"
        testid="api-tokens"
        columns={columns(everybody, setRevoking)}
        rows={data?.api_tokens.filter((token) => everybody || token.owner === owner) ?? null}
        problem={problem}
        keyOf={({ id }) => id}
        empty={everybody ? "No program uses the API." : "No program uses the API in your name."}
      />
      {revoking && <Revoke token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function columns(everybody: boolean, onRevoke: (token: ApiToken) => void): RecordColumn<ApiToken>[] {
  const whose: RecordColumn<ApiToken> = { title: "Owner", cell: ({ owner }) => owner ?? "nobody" };
  return [
    { title: "Name", kind: "main", cell: ({ name }) => name },
    ...(everybody ? [whose] : []),
    { title: "Role", cell: ({ role }) => role },
    { title: "Created", kind: "wide", cell: ({ created }) => <When ms={created} /> },
    { title: "Last used", cell: ({ last_used }) => (last_used === null ? "never" : <When ms={last_used} />) },
    { title: "Expires", cell: ({ expires }) => <When ms={expires} /> },
    {
      title: "Actions",
      kind: "acts",
      cell: (token) => (
        <button
          type="button"
          class="button small"
          aria-label={`Revoke ${token.name}`}
          onClick={() => onRevoke(token)}
        >
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
