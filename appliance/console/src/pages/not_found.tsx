import { Notice } from "../ui/parts.tsx";

export function NotFoundPage() {
  return (
    <Notice title="There is no such page" testid="not-found">
      <p>The address may be mistyped, or from another version of SysMonitor.</p>
      <a class="button" href="/">
        Go to the fleet
      </a>
    </Notice>
  );
}
