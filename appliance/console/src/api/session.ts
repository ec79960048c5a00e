// Who this browser is signed in as. Signing in begins the page anew, so nothing of what somebody else saw stays in it.

import { signal } from "@preact/signals";
import { get, pathOf, send, signedOut } from "./client.ts";
import type { Session } from "./identity.ts";

/** Null until the server has said. */
export const session = signal<Session | null>(null);

/** Ask the server; where nobody is signed in, `signedOut` becomes true. Leaves everything as it is without an answer. */
export async function loadSession(): Promise<void> {
  const answer = await get<Session>("/api/v1/session").catch(() => null);
  if (answer && !answer.signed_in) signedOut.value = true;
  else if (answer) session.value = answer;
}

export async function signIn(user: string, password: string): Promise<void> {
  await send<Session>("POST", "/api/v1/session", { body: { user, password } });
  location.reload();
}

/** Set the password of an invited user, who is signed in by that. */
export async function acceptInvitation(token: string, password: string): Promise<void> {
  await send<Session>("POST", pathOf("invitations", token), { body: { password } });
  location.assign("/");
}

/** End the session. Where the server does not answer it goes on, and the page says already why nothing happens. */
export async function signOut(): Promise<void> {
  const answer = await send<Session>("DELETE", "/api/v1/session").catch(() => null);
  if (answer) signedOut.value = true;
}
