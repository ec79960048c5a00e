import { useEffect, useState } from "preact/hooks";
import { signedOut } from "../api/client.ts";
import { loadSession } from "../api/session.ts";
import { ACCESS_PAGES } from "../model/access.ts";
import { regionStore } from "../model/region_store.ts";
import { STORAGE_PAGES } from "../model/storage_pages.ts";
import { toggleTheme } from "../model/theme.ts";
import { FleetPage } from "../pages/fleet/page.tsx";
import { InvitationPage } from "../pages/invitation.tsx";
import { AccessArea, AccountPage, ComparePage, HostPage, StorageArea, TopologyPage } from "../pages/lazy.tsx";
import { NotFoundPage } from "../pages/not_found.tsx";
import { SignInPage } from "../pages/sign_in.tsx";
import { go, route } from "../router.ts";
import { beat } from "../ui/fresh.ts";
import { useShortcuts } from "../ui/keys.ts";
import { DisconnectedBanner, RegionBanner, StorageBanner, TakeoverBanner } from "./banner.tsx";
import { Header } from "./header.tsx";
import { Palette } from "./palette.tsx";
import { ShortcutSheet } from "./shortcut_sheet.tsx";

type Overlay = "palette" | "shortcuts" | null;

export function App() {
  const invitation = invitationIn(route.value.path);
  if (invitation !== null) return <InvitationPage token={invitation} />;
  if (signedOut.value) return <SignInPage />;
  return <Console />;
}

/** The secret in the address of an invitation; null for every other address. */
export function invitationIn(path: string): string | null {
  const [, token] = /^\/invite\/([^/]+)$/.exec(path) ?? [];
  return token === undefined ? null : decodeURIComponent(token);
}

function Console() {
  const [overlay, setOverlay] = useState<Overlay>(null);
  const close = () => setOverlay(null);
  // Somebody else may have changed what this browser may do.
  useEffect(() => void loadSession(), [beat.value]);
  useEffect(() => regionStore.follow(), []);
  useShortcuts([
    { keys: "Ctrl+k", words: "Jump to a host, page or action", run: () => setOverlay("palette") },
    { keys: "?", words: "Show this list", run: () => setOverlay("shortcuts") },
    { keys: "g f", words: "Go to the fleet", run: () => go("/") },
    { keys: "g c", words: "Go to the comparison", run: () => go("/compare") },
    ...STORAGE_PAGES.map(({ path, words, keys }) => ({
      keys,
      words: `Go to ${words.toLowerCase()}`,
      run: () => go(path),
    })),
    { keys: "g o", words: "Go to the topology", run: () => go("/topology") },
    ...ACCESS_PAGES.map(({ path, words, keys }) => ({
      keys,
      words: path === "/access" ? "Go to the access area" : `Go to ${words.toLowerCase()}`,
      run: () => go(path),
    })),
    { keys: "g y", words: "Go to your account", run: () => go("/account") },
    { keys: "t", words: "Switch between dark and light", run: toggleTheme },
  ]);
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to the content
      </a>
      <Header onSearch={() => setOverlay("palette")} />
      <DisconnectedBanner />
      <TakeoverBanner />
      <RegionBanner />
      <StorageBanner />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      {overlay === "palette" && <Palette onClose={close} />}
      {overlay === "shortcuts" && <ShortcutSheet onClose={close} />}
    </>
  );
}

function Page() {
  const { path } = route.value;
  const [, host] = /^\/hosts\/([^/]+)$/.exec(path) ?? [];
  if (path === "/") return <FleetPage />;
  if (path === "/compare") return <ComparePage />;
  if (path === "/topology") return <TopologyPage />;
  if (path === "/account") return <AccountPage />;
  if (STORAGE_PAGES.some((page) => page.path === path)) return <StorageArea path={path} />;
  if (ACCESS_PAGES.some((page) => page.path === path)) return <AccessArea path={path} />;
  if (host) return <HostPage key={host} id={decodeURIComponent(host)} />;
  return <NotFoundPage />;
}
