import { Notice } from "../ui/parts.tsx";

export function SignInPage() {
  return (
    <main>
      <Notice title="You are signed out" testid="signed-out">
        <p>
          This console opens with a one-time link. On the machine where SysMonitor runs, print a new one with:
        </p>
        <code class="command">sysmon link</code>
        <p class="muted">
          In a clone of the repository, <code>make up</code> prints one too. Each link works once, for ten
          minutes.
        </p>
      </Notice>
    </main>
  );
}
