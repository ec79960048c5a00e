import { useState } from "preact/hooks";
import { Problem } from "../api/client.ts";
import { signIn } from "../api/session.ts";
import icon from "../favicon.svg";
import { second, useTitle } from "../ui/hooks.ts";
import { Fault, PasswordField, SubmitButton, submitting, TextField } from "../ui/form.tsx";
import { useAction } from "../ui/fresh.ts";

/** The way in: by a password or by a one-time link. On the aggregator's own machine the link is the usual way. */
export function SignInPage() {
  useTitle("Sign in");
  // Only a console that serves its own machine alone does without TLS.
  const local = location.protocol === "http:";
  const ways = [<ByPassword key="password" autofocus={!local} />, <ByLink key="link" />];
  return (
    <main class="entrance" data-testid="signed-out">
      <img src={icon} alt="" width="44" height="44" />
      <h1>{local ? "You are signed out" : "Sign in to SysMonitor"}</h1>
      {local ? ways.reverse() : ways}
    </main>
  );
}

function ByPassword({ autofocus }: { autofocus: boolean }) {
  const { busy, problem, run } = useAction();
  const left = useSecondsLeft(problem);
  const submit = submitting((field) => run(() => signIn(field("username"), field("password"))));
  return (
    <form class="card form" aria-labelledby="by-password" onSubmit={submit}>
      <h2 id="by-password">With a password</h2>
      <TextField
        label="User"
        name="username"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
        autofocus={autofocus}
      />
      <PasswordField label="Password" name="password" autocomplete="current-password" required />
      {left > 0 ? <LockedOut seconds={left} /> : <Fault problem={problem} />}
      <SubmitButton busy={busy} disabled={left > 0} data-testid="sign-in">
        {busy ? "Signing in" : "Sign in"}
      </SubmitButton>
      <p class="field-hint">
        No user yet? On the server, <code>sysmon users create NAME --role admin</code> prints an invitation.
      </p>
    </form>
  );
}

function LockedOut({ seconds }: { seconds: number }) {
  return (
    <p class="fault" role="alert" data-testid="locked-out">
      Too many wrong passwords. Try again in {seconds} s.
    </p>
  );
}

/** How long the server asked to wait, counted down; 0 where it did not. */
function useSecondsLeft(problem: Problem | null): number {
  const [asked, setAsked] = useState<{ problem: Problem | null; until: number }>({ problem: null, until: 0 });
  if (problem !== asked.problem)
    setAsked({ problem, until: problem ? Date.now() + problem.retryAfterSeconds * 1000 : 0 });
  second.value; // counts on by itself
  return Math.max(0, Math.ceil((asked.until - Date.now()) / 1000));
}

function ByLink() {
  return (
    <section class="by-link" aria-labelledby="by-link">
      <h2 id="by-link">With a one-time link</h2>
      <p>On the machine where SysMonitor runs, print a new one with:</p>
      <code class="command">sysmon link</code>
      <p class="muted">
        In a clone of the repository, <code>make up</code> prints one too. Each link works once, for ten
        minutes.
      </p>
    </section>
  );
}
