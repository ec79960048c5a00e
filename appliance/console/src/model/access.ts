// The pages of the access area: for its tabs, the palette and the keyboard.

import type { Role } from "../api/identity.ts";
import { includes } from "./roles.ts";

export interface AccessPage {
  path: string;
  words: string;
  least: Role;
  /** Typed anywhere to get there. */
  keys: string;
}

export const ACCESS_PAGES: readonly AccessPage[] = [
  { path: "/access", words: "Overview", least: "viewer", keys: "g a" },
  { path: "/access/waiting", words: "Hosts waiting", least: "operator", keys: "g w" },
  { path: "/access/tokens", words: "Join tokens", least: "operator", keys: "g j" },
  { path: "/access/certificates", words: "Certificates", least: "viewer", keys: "g e" },
  { path: "/access/users", words: "Users", least: "admin", keys: "g u" },
  { path: "/access/sessions", words: "Sessions", least: "admin", keys: "g s" },
  { path: "/access/audit", words: "Audit log", least: "admin", keys: "g l" },
];

/** The pages that a role may open. */
export function accessPages(role: Role | undefined): readonly AccessPage[] {
  return ACCESS_PAGES.filter(({ least }) => includes(role, least));
}
