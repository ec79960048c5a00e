import { useState } from "preact/hooks";
import { pathOf, send } from "../../api/client.ts";
import type { Enrolment } from "../../api/identity.ts";
import { inGroups } from "../../model/enrolments.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { useFresh } from "../../ui/fresh.ts";
import { Labels } from "../../ui/parts.tsx";
import { type RecordColumn, Records, Short, When } from "../../ui/records.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { Why } from "./why.tsx";

interface Asked {
  enrolment: Enrolment;
  verb: "approve" | "reject";
}

/** Hosts that asked to join and wait for a person. */
export function WaitingPage() {
  const { data, problem } = useFresh<{ enrolments: readonly Enrolment[] }>("/api/v1/enrolments", {
    state: "waiting",
  });
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <>
      <PageHead
        title="Hosts waiting"
        about="They asked to join and send nothing until somebody decides. Their agents keep asking."
      />
      <Records
        label="Hosts waiting"
        testid="waiting"
        columns={columns(setAsked)}
        rows={data?.enrolments ?? null}
        problem={problem}
        keyOf={({ id }) => id}
        empty={<Nobody />}
      />
      {asked && <Decide asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Nobody() {
  return (
    <>
      <p>No host waits for approval.</p>
      <p class="muted">
        Hosts come here when their join token asks for approval, when they want to replace another host, and
        when two machines run with the same certificate.
      </p>
    </>
  );
}

function columns(onAsk: (asked: Asked) => void): RecordColumn<Enrolment>[] {
  return [
    { title: "Host", kind: "main", cell: (enrolment) => <Who enrolment={enrolment} /> },
    { title: "Asked", cell: ({ requested }) => <When ms={requested} /> },
    { title: "Why it waits", kind: "text", cell: (enrolment) => <Why enrolment={enrolment} /> },
    { title: "Key", kind: "wide", cell: ({ public_key }) => <Short text={public_key} /> },
    {
      title: "Actions",
      kind: "acts",
      cell: (enrolment) => (
        <>
          <button
            type="button"
            class="button small primary"
            aria-label={`Approve ${enrolment.name}`}
            onClick={() => onAsk({ enrolment, verb: "approve" })}
          >
            Approve
          </button>
          <button
            type="button"
            class="button small"
            aria-label={`Reject ${enrolment.name}`}
            onClick={() => onAsk({ enrolment, verb: "reject" })}
          >
            Reject
          </button>
        </>
      ),
    },
  ];
}

function Who({ enrolment: { name, address, labels } }: { enrolment: Enrolment }) {
  return (
    <div class="stacked">
      <strong class="name">{name}</strong>
      <span class="muted">{address}</span>
      <span class="chips">
        <Labels labels={labels} tags={[]} />
      </span>
    </div>
  );
}

function Decide({ asked: { enrolment, verb }, onClose }: { asked: Asked; onClose(): void }) {
  const { id, name, address, public_key } = enrolment;
  const approves = verb === "approve";
  return (
    <Confirm
      title={approves ? `Let ${name} in?` : `Turn ${name} away?`}
      verb={approves ? "Approve" : "Reject"}
      harmful={!approves}
      onClose={onClose}
      perform={() => send("POST", pathOf("enrolments", id, `/${verb}`))}
    >
      <dl class="details">
        <dt>Request</dt>
        <dd>
          <code>{id}</code>
        </dd>
        <dt>Address</dt>
        <dd>{address}</dd>
        <dt>Why it waits</dt>
        <dd>
          <Why enrolment={enrolment} />
        </dd>
        <dt>Its key</dt>
        <dd>
          <code>{inGroups(public_key)}</code>
        </dd>
      </dl>
      <p class="field-hint">
        {approves
          ? "On the host, its agent names the same request. Approve only what you can tell is that host."
          : "Its agent is told and stops asking. It can ask again with a usable join token."}
      </p>
    </Confirm>
  );
}
