import { useState } from "preact/hooks";
import { pathOf, send } from "../../api/client.ts";
import type { JoinToken } from "../../api/identity.ts";
import { go, route, withParams } from "../../router.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { useFresh } from "../../ui/fresh.ts";
import { PlusIcon } from "../../ui/icons.tsx";
import { Labels } from "../../ui/parts.tsx";
import { type RecordColumn, Records, State, type Tone, When } from "../../ui/records.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { CreateToken } from "./token_form.tsx";

const STATES: Readonly<Record<JoinToken["state"], readonly [Tone, string]>> = {
  usable: ["ok", "usable"],
  used_up: ["quiet", "used up"],
  expired: ["quiet", "expired"],
  revoked: ["bad", "revoked"],
};

/** Join tokens: what lets new hosts in. */
export function TokensPage() {
  const { data, problem } = useFresh<{ tokens: readonly JoinToken[] }>("/api/v1/tokens");
  const [revoking, setRevoking] = useState<JoinToken | null>(null);
  return (
    <>
      <PageHead title="Join tokens" about="Whoever holds one can add hosts until it is used up or expires.">
        <button type="button" class="button primary" data-testid="new-token" onClick={() => askFor("1")}>
          <PlusIcon /> New join token
        </button>
      </PageHead>
      <Records
        label="Join tokens"
        testid="tokens"
        columns={columns(setRevoking)}
        rows={data && usableFirst(data.tokens)}
        problem={problem}
        keyOf={({ id }) => id}
        empty="There is no join token. Make one to add a host."
      />
      {route.value.query.has("new") && <CreateToken onClose={() => askFor(null)} />}
      {revoking && <Revoke token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

/** The form stands in the address, so that the palette and a link can open it. */
function askFor(created: "1" | null): void {
  go(withParams({ new: created }), { replace: true });
}

function usableFirst(tokens: readonly JoinToken[]): JoinToken[] {
  const last = (token: JoinToken) => Number(token.state !== "usable");
  return [...tokens].sort((a, b) => last(a) - last(b) || b.created - a.created);
}

function columns(onRevoke: (token: JoinToken) => void): RecordColumn<JoinToken>[] {
  return [
    { title: "Token", kind: "main", cell: ({ id }) => <code>{id}</code> },
    {
      title: "State",
      cell: ({ state }) => <State tone={STATES[state][0]}>{STATES[state][1]}</State>,
    },
    { title: "Uses left", cell: ({ uses, uses_left }) => `${uses_left} of ${uses}` },
    { title: "Expires", cell: ({ expires }) => <When ms={expires} /> },
    { title: "For", kind: "text", cell: (token) => <Terms token={token} /> },
    {
      title: "Made",
      kind: "wide",
      cell: ({ created, created_by }) => (
        <div class="stacked">
          <When ms={created} />
          <span class="muted">{created_by}</span>
        </div>
      ),
    },
    {
      title: "Actions",
      kind: "acts",
      cell: (token) =>
        token.state === "usable" && (
          <button
            type="button"
            class="button small"
            aria-label={`Revoke ${token.id}`}
            onClick={() => onRevoke(token)}
          >
            Revoke
          </button>
        ),
    },
  ];
}

/** What a token says about the hosts that join with it. */
function Terms({ token: { labels, approval, replace } }: { token: JoinToken }) {
  return (
    <span class="chips">
      <Labels labels={labels} tags={[]} />
      {approval && <span class="chip">needs approval</span>}
      {replace && <span class="chip">replaces {replace.name}</span>}
      {!approval && !replace && Object.keys(labels).length === 0 && <span class="muted">any host</span>}
    </span>
  );
}

function Revoke({ token, onClose }: { token: JoinToken; onClose(): void }) {
  return (
    <Confirm
      title="Revoke this join token?"
      verb="Revoke"
      harmful
      onClose={onClose}
      perform={() => send("DELETE", pathOf("tokens", token.id))}
    >
      <p>No host can join with it any more. Hosts that have joined stay.</p>
    </Confirm>
  );
}
