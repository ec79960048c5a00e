import { Dialog } from "../ui/dialog.tsx";
import { shortcuts } from "../ui/keys.ts";

/** What the keyboard does on this page. */
export function ShortcutSheet({ onClose }: { onClose(): void }) {
  return (
    <Dialog label="Keyboard shortcuts" testid="shortcut-sheet" onClose={onClose} titled>
      <dl class="shortcuts">
        {shortcuts.value.map(({ keys, words }) => (
          <div key={keys} class="shortcut">
            <dt>
              {keys.split(/[ +]/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
