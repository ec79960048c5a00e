// What a role may do. The server decides; the console only leaves out what it would refuse.

import type { Role } from "../api/identity.ts";

export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  viewer: "sees hosts and their past",
  operator: "lets hosts in and shuts them out",
  admin: "decides about users and reads the audit log",
};

/** Each role may do all that the ones before it may. */
export function includes(role: Role | undefined, least: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** The roles that somebody may hand on: their own and lower ones. */
export function rolesUpTo(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}
