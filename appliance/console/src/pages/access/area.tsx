import "../../styles/records.css";
import "../../styles/access.css";
import "../../styles/area.css";
import type { ComponentType } from "preact";
import type { Role } from "../../api/identity.ts";
import { session } from "../../api/session.ts";
import { ACCESS_PAGES, type AccessPage, accessPages } from "../../model/access.ts";
import { includes } from "../../model/roles.ts";
import { useTitle } from "../../ui/hooks.ts";
import { Tabs } from "../../ui/tabs.tsx";
import { AuditPage } from "./audit.tsx";
import { CertificatesPage } from "./certificates.tsx";
import { Overview } from "./overview.tsx";
import { SessionsPage } from "./sessions.tsx";
import { TokensPage } from "./tokens.tsx";
import { UsersPage } from "./users.tsx";
import { WaitingPage } from "./waiting.tsx";

const CONTENT: Readonly<Record<string, ComponentType>> = {
  "/access": Overview,
  "/access/waiting": WaitingPage,
  "/access/tokens": TokensPage,
  "/access/certificates": CertificatesPage,
  "/access/users": UsersPage,
  "/access/sessions": SessionsPage,
  "/access/audit": AuditPage,
};

/** Who and what may get in: hosts, users, programs; and what was changed. */
export function AccessArea({ path }: { path: string }) {
  const page = ACCESS_PAGES.find((each) => each.path === path) as AccessPage;
  const Content = CONTENT[path] as ComponentType;
  const role = session.value?.role;
  useTitle(page.words);
  return (
    <div class="page area" data-testid="access-page">
      <Tabs label="Access" pages={accessPages(role)} path={path} />
      {role && (includes(role, page.least) ? <Content /> : <Forbidden page={page} role={role} />)}
    </div>
  );
}

function Forbidden({ page, role }: { page: AccessPage; role: Role }) {
  return (
    <div class="card records-empty" data-testid="forbidden">
      <h1>{page.words}</h1>
      <p>
        This page needs the role <strong>{page.least}</strong>; yours is <strong>{role}</strong>. An admin can
        change that with:
      </p>
      <code class="command">sysmon users set-role NAME {page.least}</code>
    </div>
  );
}
