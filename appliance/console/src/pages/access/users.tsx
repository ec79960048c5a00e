import { useState } from "preact/hooks";
import type { User } from "../../api/identity.ts";
import { session } from "../../api/session.ts";
import { useFresh } from "../../ui/fresh.ts";
import { PlusIcon } from "../../ui/icons.tsx";
import { type RecordColumn, Records, State, When } from "../../ui/records.tsx";
import { PageHead } from "../../ui/page_head.tsx";
import { ChangeRole, CreateUser, Disable, Invite, RemoveUser } from "./user_forms.tsx";

type Verb = "role" | "invite" | "disable" | "remove";
type Ask = (verb: Verb, user: User) => void;

/** People who sign in with a password, and what they may do. */
export function UsersPage() {
  const { data, problem } = useFresh<{ users: readonly User[] }>("/api/v1/users");
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<{ verb: Verb; user: User } | null>(null);
  return (
    <>
      <PageHead
        title="Users"
        about="A viewer sees hosts, an operator lets them in, an admin decides about users."
      >
        <button type="button" class="button primary" data-testid="new-user" onClick={() => setCreating(true)}>
          <PlusIcon /> New user
        </button>
      </PageHead>
      <Records
        label="Users"
        testid="users"
        columns={columns((verb, user) => setAsked({ verb, user }))}
        rows={data?.users ?? null}
        problem={problem}
        keyOf={({ name }) => name}
        empty="There is no user yet; so far this console opens with one-time links."
      />
      {creating && <CreateUser onClose={() => setCreating(false)} />}
      {asked && <Form {...asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Form({ verb, user, onClose }: { verb: Verb; user: User; onClose(): void }) {
  switch (verb) {
    case "role":
      return <ChangeRole user={user} onClose={onClose} />;
    case "invite":
      return <Invite user={user} onClose={onClose} />;
    case "disable":
      return <Disable user={user} onClose={onClose} />;
    case "remove":
      return <RemoveUser user={user} onClose={onClose} />;
  }
}

function columns(ask: Ask): RecordColumn<User>[] {
  return [
    { title: "User", kind: "main", cell: (user) => <Name user={user} /> },
    { title: "Role", cell: ({ role }) => role },
    { title: "State", cell: (user) => <UserState user={user} /> },
    {
      title: "Signed in",
      cell: ({ last_signed_in }) => (last_signed_in === null ? "never" : <When ms={last_signed_in} />),
    },
    { title: "Created", kind: "wide", cell: ({ created }) => <When ms={created} /> },
    { title: "Actions", kind: "acts", cell: (user) => <Actions user={user} ask={ask} /> },
  ];
}

function Name({ user: { name } }: { user: User }) {
  return (
    <>
      <strong>{name}</strong> {session.value?.user === name && <span class="muted">(you)</span>}
    </>
  );
}

function UserState({ user: { disabled, invited, last_signed_in } }: { user: User }) {
  if (disabled) return <State tone="bad">disabled</State>;
  if (invited) return <State tone="warn">invited</State>;
  return last_signed_in === null ? (
    <State tone="quiet">invitation expired</State>
  ) : (
    <State tone="ok">active</State>
  );
}

function Actions({ user, ask }: { user: User; ask: Ask }) {
  const act = (verb: Verb, words: string) => (
    <button
      type="button"
      class="button small"
      aria-label={`${words}: ${user.name}`}
      onClick={() => ask(verb, user)}
    >
      {words}
    </button>
  );
  return (
    <>
      {act("role", "Role")}
      {act("invite", "Invite")}
      {act("disable", user.disabled ? "Enable" : "Disable")}
      {act("remove", "Remove")}
    </>
  );
}
