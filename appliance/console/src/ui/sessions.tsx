// The table of sessions, one's own or everybody's.

import { useState } from "preact/hooks";
import { pathOf, send } from "../api/client.ts";
import type { OpenSession } from "../api/identity.ts";
import { browserOf } from "../model/browsers.ts";
import { Confirm } from "./confirm.tsx";
import { useFresh } from "./fresh.ts";
import { type RecordColumn, Records, State, When } from "./records.tsx";

interface Props {
  /** Whose sessions are shown; null for everybody's. */
  user: string | null;
  everybody: boolean;
}

export function Sessions({ user, everybody }: Props) {
  const { data, problem } = useFresh<{ sessions: readonly OpenSession[] }>("/api/v1/sessions");
  const [ending, setEnding] = useState<OpenSession | null>(null);
  const own = (session: OpenSession) => session.current || (user !== null && session.user === user);
  const rows = data?.sessions.filter((session) => everybody || own(session)) ?? null;
  return (
    <>
      <Records
        label="Sessions"
        testid="sessions"
        columns={columns(everybody, setEnding)}
        rows={
          rows && [...rows].sort((a, b) => Number(b.current) - Number(a.current) || b.last_used - a.last_used)
        }
        problem={problem}
        keyOf={({ id }) => id}
        empty="Nobody is signed in."
      />
      {ending && (
        <Confirm
          title="End this session?"
          verb="End session"
          harmful
          onClose={() => setEnding(null)}
          perform={() => send("DELETE", pathOf("sessions", ending.id))}
        >
          <p>
            {ending.name} on {browserOf(ending.agent)} is signed out at the next click there.
          </p>
        </Confirm>
      )}
    </>
  );
}

function columns(everybody: boolean, onEnd: (session: OpenSession) => void): RecordColumn<OpenSession>[] {
  const who: RecordColumn<OpenSession> = {
    title: "User",
    kind: "main",
    cell: (session) => <Who session={session} />,
  };
  return [
    ...(everybody ? [who] : []),
    { title: "Browser", kind: everybody ? "" : "main", cell: (session) => <Browser session={session} /> },
    { title: "Address", cell: ({ origin }) => origin },
    { title: "Signed in", cell: ({ started }) => <When ms={started} /> },
    { title: "Last used", cell: ({ last_used }) => <When ms={last_used} /> },
    { title: "Ends", kind: "wide", cell: ({ expires }) => <When ms={expires} /> },
    {
      title: "Actions",
      kind: "acts",
      cell: (session) =>
        !session.current && (
          <button type="button" class="button small" onClick={() => onEnd(session)}>
            End
          </button>
        ),
    },
  ];
}

function Who({ session: { name, via } }: { session: OpenSession }) {
  return (
    <div class="stacked">
      {name}
      {via === "link" && <span class="muted">by a one-time link</span>}
    </div>
  );
}

function Browser({ session: { agent, current } }: { session: OpenSession }) {
  return (
    <span title={agent}>
      {browserOf(agent)} {current && <State tone="ok">this one</State>}
    </span>
  );
}
