// Pages that the fleet page need not wait for come in files of their own.

import { signal } from "@preact/signals";

interface Lazy<Pages> {
  /** Begin to load; cheap to call again. */
  begin(): void;
  /** The pages; null until they are here. */
  use(): Pages | null;
}

function lazy<Pages>(load: () => Promise<Pages>): Lazy<Pages> {
  const pages = signal<Pages | null>(null);
  const begin = () => {
    void load().then((loaded) => {
      pages.value = loaded;
    });
  };
  const use = () => {
    if (!pages.value) begin();
    return pages.value;
  };
  return { begin, use };
}

/** The chart library is larger than all the rest. */
const charted = lazy(() => import("./charted.ts"));
/** Most visits look at hosts, not at who may get in. */
const guarded = lazy(() => import("./guarded.ts"));

export const loadCharted = charted.begin;

export function HostPage({ id }: { id: string }) {
  const Page = charted.use()?.HostPage;
  return Page ? <Page id={id} /> : <Loading />;
}

export function ComparePage() {
  const Page = charted.use()?.ComparePage;
  return Page ? <Page /> : <Loading />;
}

export function StorageArea({ path }: { path: string }) {
  const Page = charted.use()?.StorageArea;
  return Page ? <Page path={path} /> : <Loading />;
}

export function AccessArea({ path }: { path: string }) {
  const Page = guarded.use()?.AccessArea;
  return Page ? <Page path={path} /> : <Loading />;
}

export function AccountPage() {
  const Page = guarded.use()?.AccountPage;
  return Page ? <Page /> : <Loading />;
}

export function TopologyPage() {
  const Page = guarded.use()?.TopologyPage;
  return Page ? <Page /> : <Loading />;
}

function Loading() {
  return (
    <div class="page" role="status" aria-label="Loading">
      <div class="skeleton loading-block" />
    </div>
  );
}
