import { ageMs } from "../api/client.ts";
import { live } from "../api/live.ts";
import icon from "../favicon.svg";
import { seconds } from "../model/region.ts";
import { STORAGE_PAGES } from "../model/storage_pages.ts";
import { theme, toggleTheme } from "../model/theme.ts";
import { route } from "../router.ts";
import { MoonIcon, SearchIcon, SunIcon } from "../ui/icons.tsx";
import { AccountMenu } from "./account_menu.tsx";
import { useWaitingHosts } from "./waiting_hosts.ts";

const CONNECTION_WORDS = { connecting: "Connecting", open: "Live", lost: "Reconnecting" };

export function Header({ onSearch }: { onSearch(): void }) {
  return (
    <header class="shell-header">
      <div class="shell-bar">
        <a class="brand" href="/" aria-label="SysMonitor, to the fleet">
          <img src={icon} alt="" />
          <span>SysMonitor</span>
        </a>
        <nav class="shell-nav" aria-label="Pages">
          <PageLink href="/" words="Fleet" />
          <PageLink href="/compare" words="Compare" />
          <StorageLink />
          <PageLink href="/topology" words="Topology" />
          <AccessLink />
        </nav>
        <div class="shell-tools">
          <ConnectionState />
          <button type="button" class="button search-button" data-testid="search" onClick={onSearch}>
            <span class="label">
              <SearchIcon />
              <span class="words">Search</span>
            </span>
            <kbd>Ctrl K</kbd>
          </button>
          <ThemeButton />
          <AccountMenu />
        </div>
      </div>
    </header>
  );
}

function PageLink({ href, words }: { href: string; words: string }) {
  return (
    <a href={href} aria-current={route.value.path === href ? "page" : undefined}>
      {words}
    </a>
  );
}

/** The way to the storage area, whichever of its pages is shown. */
function StorageLink() {
  const here = STORAGE_PAGES.some(({ path }) => path === route.value.path);
  return (
    <a href="/storage" aria-current={here ? "page" : undefined}>
      Storage
    </a>
  );
}

/** The way to the access area, with the number of hosts that wait for somebody. */
function AccessLink() {
  const waiting = useWaitingHosts();
  const { path } = route.value;
  const here = path === "/access" || path.startsWith("/access/");
  return (
    <a href={waiting > 0 ? "/access/waiting" : "/access"} aria-current={here ? "page" : undefined}>
      Access
      {waiting > 0 && (
        <span class="badge" data-testid="waiting-badge">
          {waiting}
          <span class="visually-hidden"> waiting</span>
        </span>
      )}
    </a>
  );
}

function ConnectionState() {
  const state = live.connection.value;
  return (
    <>
      <span class={`connection ${state}`} role="status" data-testid="connection">
        <span class="dot" aria-hidden="true" />
        <span class="words">{CONNECTION_WORDS[state]}</span>
      </span>
      <StandbyBadge />
    </>
  );
}

/** Says that a standby answers, and how old its data is; nothing while the leader does. */
function StandbyBadge() {
  const age = ageMs.value;
  if (age === null) return null;
  return (
    <a
      class="chip standby-badge"
      href="/topology"
      data-testid="standby"
      title={`You are looking at a standby; its data is ${seconds(age)} old. What you change is passed on to the leader.`}
    >
      <span class="words">Standby,</span>
      {seconds(age)} old
    </a>
  );
}

function ThemeButton() {
  const other = theme.value === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      class="button icon"
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      data-testid="theme"
      onClick={toggleTheme}
    >
      {other === "light" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
