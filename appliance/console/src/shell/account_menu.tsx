import { useRef } from "preact/hooks";
import type { Session } from "../api/identity.ts";
import { session, signOut } from "../api/session.ts";
import { theme, toggleTheme } from "../model/theme.ts";
import { UserIcon } from "../ui/icons.tsx";

const MENU = "account-menu";
const WAYS: Readonly<Record<string, string>> = {
  link: "signed in with a one-time link",
  user: "signed in with a password",
  token: "signed in with an API token",
  socket: "signed in as an account of the server",
};

/** Who is signed in, and what belongs to them. The browser's own popover closes it on Escape and on a click elsewhere. */
export function AccountMenu() {
  const menu = useRef<HTMLDivElement>(null);
  const close = () => menu.current?.hidePopover();
  return (
    <>
      <button
        type="button"
        class="button icon"
        aria-label="Account"
        title={session.value?.name ?? "Account"}
        data-testid="account-button"
        popovertarget={MENU}
      >
        <UserIcon />
      </button>
      <div ref={menu} id={MENU} class="account-menu" popover="auto" data-testid="account-menu">
        {session.value && <Who session={session.value} />}
        <a class="menu-item" href="/account" onClick={close}>
          Sessions, API tokens, password
        </a>
        <button type="button" class="menu-item" onClick={toggleTheme}>
          Use the {theme.value === "dark" ? "light" : "dark"} theme
        </button>
        <button type="button" class="menu-item" data-testid="sign-out" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </>
  );
}

function Who({ session: { name, role, via } }: { session: Session }) {
  return (
    <div class="menu-who">
      <strong>{name}</strong>
      <span class="chip">{role}</span>
      <p class="muted">{WAYS[via ?? ""]}</p>
    </div>
  );
}
