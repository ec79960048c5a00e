import { session } from "../../api/session.ts";
import { Sessions } from "../../ui/sessions.tsx";
import { PageHead } from "./head.tsx";

export function SessionsPage() {
  return (
    <>
      <PageHead title="Sessions" about="Browsers that are signed in now." />
      <Sessions user={session.value?.user ?? null} everybody />
    </>
  );
}
