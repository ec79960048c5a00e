import { session } from "../../api/session.ts";
import { ApiTokens } from "../../ui/api_tokens.tsx";
import { Sessions } from "../../ui/sessions.tsx";
import { PageHead } from "../../ui/page_head.tsx";

/** Everybody and everything that is signed in: browsers, and programs by their tokens. */
export function SessionsPage() {
  const user = session.value?.user ?? null;
  return (
    <>
      <PageHead
        title="Sessions"
        about="Browsers that are signed in now, and programs that may use the API."
      />
      <Sessions user={user} everybody />
      <h2 class="page-section">API tokens</h2>
      <ApiTokens owner={user} everybody />
    </>
  );
}
