import { useMemo, useState } from "preact/hooks";
import { session, signOut } from "../api/session.ts";
import type { Status } from "../api/types.ts";
import { accessPages } from "../model/access.ts";
import { fleet } from "../model/fleet.ts";
import { includes } from "../model/roles.ts";
import { STORAGE_PAGES } from "../model/storage_pages.ts";
import { toggleTheme } from "../model/theme.ts";
import { go } from "../router.ts";
import { Dialog } from "../ui/dialog.tsx";
import { StatusDot } from "../ui/parts.tsx";

interface Item {
  key: string;
  title: string;
  kind: string;
  status?: Status;
  run(): void;
}

const PAGES: readonly Item[] = [
  { key: "page-fleet", title: "Fleet", kind: "page", run: () => go("/") },
  { key: "page-compare", title: "Compare hosts", kind: "page", run: () => go("/compare") },
  { key: "page-topology", title: "Topology", kind: "page", run: () => go("/topology") },
  { key: "page-account", title: "Account", kind: "page", run: () => go("/account") },
  { key: "do-theme", title: "Switch between dark and light", kind: "action", run: toggleTheme },
  { key: "do-sign-out", title: "Sign out", kind: "action", run: () => void signOut() },
];
const NEW_TOKEN: Item = {
  key: "do-token",
  title: "New join token",
  kind: "action",
  run: () => go("/access/tokens?new=1"),
};
const MOST_SHOWN = 40;

function pageItem(path: string, title: string): Item {
  return { key: `page-${path.replaceAll("/", "-")}`, title, kind: "page", run: () => go(path) };
}

/** Pages and actions, as far as whoever is signed in may use them. */
function places(): readonly Item[] {
  const role = session.peek()?.role;
  const storage = STORAGE_PAGES.map(({ path, words }) => pageItem(path, words));
  const access = accessPages(role).map(({ path, words }) =>
    pageItem(path, path === "/access" ? "Access" : words),
  );
  return [...PAGES, ...storage, ...access, ...(includes(role, "operator") ? [NEW_TOKEN] : [])];
}

/** Jump to a host, a page or an action by typing part of its name. */
export function Palette({ onClose }: { onClose(): void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const items = useMemo(() => matching(text), [text]);
  const choose = (item: Item | undefined) => {
    if (!item) return;
    onClose();
    item.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") choose(items[chosen]);
    else if (step) setChosen((chosen + step + items.length) % Math.max(1, items.length));
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Jump to" testid="palette" onClose={onClose}>
      <input
        class="palette-input"
        role="combobox"
        aria-label="Jump to a host, page or action"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={items[chosen]?.key}
        placeholder="Jump to a host, page or action"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div class="palette-list" id="palette-list" role="listbox" aria-label="Matches">
        {items.map((item, i) => (
          <PaletteItem key={item.key} item={item} selected={i === chosen} onChoose={() => choose(item)} />
        ))}
      </div>
      {items.length === 0 && <p class="palette-empty">Nothing is called “{text}”.</p>}
    </Dialog>
  );
}

function PaletteItem({ item, selected, onChoose }: { item: Item; selected: boolean; onChoose(): void }) {
  return (
    // The focus stays in the input, which hears the keys.
    <div
      id={item.key}
      class="palette-item"
      role="option"
      aria-selected={selected}
      ref={(element) => {
        if (selected) element?.scrollIntoView({ block: "nearest" });
      }}
      onClick={onChoose}
    >
      {item.status && <StatusDot status={item.status} />}
      <span class="name">{item.title}</span>
      <span class="kind">{item.kind}</span>
    </div>
  );
}

function matching(text: string): readonly Item[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hosts = fleet.hosts.peek().map((host) => ({
    key: `host-${host.id}`,
    title: host.name,
    kind: Object.values(host.labels).join(" · ") || "host",
    status: host.status,
    run: () => go(`/hosts/${host.id}`),
  }));
  const found = (item: Item) =>
    words.every((word) => `${item.title} ${item.kind}`.toLowerCase().includes(word));
  return [...(text ? [] : places()), ...hosts, ...(text ? places() : [])].filter(found).slice(0, MOST_SHOWN);
}
