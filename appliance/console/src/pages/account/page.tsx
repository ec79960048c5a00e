import "../../styles/records.css";
import { session } from "../../api/session.ts";
import { useTitle } from "../../ui/hooks.ts";
import { Sessions } from "../../ui/sessions.tsx";
import { OwnApiTokens } from "./api_tokens.tsx";
import { ChangePassword } from "./password.tsx";

/** What belongs to whoever is signed in: password, sessions, API tokens. */
export function AccountPage() {
  useTitle("Account");
  const who = session.value;
  if (!who) return <div class="page" role="status" aria-label="Loading" />;
  return (
    <div class="page narrow account-page" data-testid="account">
      <h1>Account</h1>
      <p class="page-about">
        <strong>{who.name}</strong>, {who.role}.
      </p>
      <section aria-labelledby="sessions">
        <h2 id="sessions">Sessions</h2>
        <Sessions user={who.user} everybody={false} />
      </section>
      <OwnApiTokens owner={who.user} role={who.role} />
      {who.user !== null && <ChangePassword user={who.user} />}
    </div>
  );
}
