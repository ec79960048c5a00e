import { useState } from "preact/hooks";
import { get, pathOf } from "../api/client.ts";
import type { Invitation } from "../api/identity.ts";
import { acceptInvitation } from "../api/session.ts";
import icon from "../favicon.svg";
import { ROLE_WORDS } from "../model/roles.ts";
import { Fault, SubmitButton, submitting } from "../ui/form.tsx";
import { useAction } from "../ui/fresh.ts";
import { useLoaded, useTitle } from "../ui/hooks.ts";
import { isAcceptable, NewPassword } from "../ui/new_password.tsx";
import { Notice } from "../ui/parts.tsx";
import { When } from "../ui/records.tsx";

/** Where an invited user chooses a password. */
export function InvitationPage({ token }: { token: string }) {
  useTitle("Invitation");
  const { data, problem } = useLoaded(token, (abort) =>
    get<Invitation>(pathOf("invitations", token), {}, abort),
  );
  if (problem?.status === 404) return <NoInvitation />;
  return (
    <main class="entrance" data-testid="invitation">
      <img src={icon} alt="" width="44" height="44" />
      <h1>Welcome to SysMonitor</h1>
      <Fault problem={problem} />
      {data && <Accept token={token} invitation={data} />}
    </main>
  );
}

function Accept({ token, invitation: { user, role, expires } }: { token: string; invitation: Invitation }) {
  const [password, setPassword] = useState("");
  const { busy, problem, run } = useAction();
  const submit = submitting(() => run(() => acceptInvitation(token, password)));
  return (
    <form class="card form" aria-label="Choose a password" onSubmit={submit}>
      <p>
        You are <strong>{user}</strong>, <strong>{role}</strong>: {ROLE_WORDS[role]}.
      </p>
      {/* Tells password managers whose password it is. */}
      <input type="text" name="username" autocomplete="username" value={user} readOnly hidden />
      <NewPassword password={password} onPassword={setPassword} autofocus />
      <Fault problem={problem} />
      <SubmitButton busy={busy} disabled={!isAcceptable(password)} data-testid="accept">
        Set password and sign in
      </SubmitButton>
      <p class="field-hint">
        This invitation works once; it expires <When ms={expires} />.
      </p>
    </form>
  );
}

function NoInvitation() {
  return (
    <main>
      <Notice title="This invitation is not valid any more" testid="no-invitation">
        <p>Each works once, for a day. It was used, it expired, or its address is not complete.</p>
        <p class="muted">Ask an admin for a new one; on the server it is made by:</p>
        <code class="command">sysmon users invite NAME</code>
        <a class="button" href="/">
          Go to the sign-in page
        </a>
      </Notice>
    </main>
  );
}
