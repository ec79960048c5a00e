// What can be done to a user, a dialog each.

import { pathOf, send } from "../../api/client.ts";
import type { User } from "../../api/identity.ts";
import { ROLE_WORDS, ROLES } from "../../model/roles.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Create } from "../../ui/create.tsx";
import { SelectField, TextField } from "../../ui/form.tsx";

interface Props {
  user: User;
  onClose(): void;
}

interface Invited {
  invitation: string;
}

const ROLE_OPTIONS = ROLES.map((role) => [role, `${role}: ${ROLE_WORDS[role]}`] as const);

export function CreateUser({ onClose }: { onClose(): void }) {
  const create = (field: (name: string) => string, key: string) =>
    send<Invited>("POST", "/api/v1/users", { key, body: { name: field("name"), role: field("role") } });
  return (
    <Create title="New user" verb="Create" create={create} shown={shown} onClose={onClose}>
      <TextField
        label="Name"
        name="name"
        required
        maxLength={64}
        pattern="[a-z0-9][a-z0-9._@\-]*"
        title="Small letters, digits, and . _ @ - after the first."
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        autofocus
      />
      <SelectField label="Role" name="role" options={ROLE_OPTIONS} />
    </Create>
  );
}

export function Invite({ user: { name }, onClose }: Props) {
  const create = (_: unknown, key: string) =>
    send<Invited>("POST", pathOf("users", name, "/invitation"), { key });
  return (
    <Create title={`Invite ${name} again`} verb="Make a link" create={create} shown={shown} onClose={onClose}>
      <p>
        A new link lets {name} choose a new password. Earlier links stop working; the present password holds
        until then.
      </p>
    </Create>
  );
}

function shown({ invitation }: Invited) {
  return (
    <>
      <p>Give this link to the user. It works once, for a day, and is not shown again.</p>
      <Copyable text={reachable(invitation)} label="Copy the link" testid="invitation-link" />
    </>
  );
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** The link as the server made it; where it only knows itself, at the address by which this browser reaches it. */
function reachable(invitation: string): string {
  const { hostname, pathname, href } = new URL(invitation);
  return LOOPBACK.includes(hostname) ? new URL(pathname, location.origin).href : href;
}

export function ChangeRole({ user: { name, role }, onClose }: Props) {
  return (
    <Confirm
      title={`Role of ${name}`}
      verb="Change role"
      onClose={onClose}
      perform={(field) => send("PATCH", pathOf("users", name), { body: { role: field("role") } })}
    >
      <SelectField label="Role" name="role" options={ROLE_OPTIONS} chosen={role} autofocus />
      <p class="field-hint">Sessions of {name} end, so that the new role holds at once.</p>
    </Confirm>
  );
}

export function Disable({ user: { name, disabled }, onClose }: Props) {
  return (
    <Confirm
      title={disabled ? `Enable ${name}?` : `Disable ${name}?`}
      verb={disabled ? "Enable" : "Disable"}
      harmful={!disabled}
      onClose={onClose}
      perform={() => send("PATCH", pathOf("users", name), { body: { disabled: !disabled } })}
    >
      <p>
        {disabled
          ? `${name} can sign in again, with the password of before.`
          : `${name} is signed out everywhere, and programs that use ${name}'s API tokens are refused.`}
      </p>
    </Confirm>
  );
}

export function RemoveUser({ user: { name }, onClose }: Props) {
  return (
    <Confirm
      title={`Remove ${name}?`}
      verb="Remove"
      harmful
      onClose={onClose}
      perform={() => send("DELETE", pathOf("users", name))}
    >
      <p>
        {name}, with all sessions and API tokens, is gone at once. What {name} did stays in the audit log.
      </p>
    </Confirm>
  );
}
