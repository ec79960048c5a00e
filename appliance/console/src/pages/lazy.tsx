// The pages with charts come in a file of their own, so that the fleet page need not wait for the chart library.

import { signal } from "@preact/signals";

type ChartedPages = typeof import("./charted.ts");

const pages = signal<ChartedPages | null>(null);

/** Begin to load the pages with charts; cheap to call again. */
export function loadCharted(): void {
  void import("./charted.ts").then((loaded) => {
    pages.value = loaded;
  });
}

export function HostPage({ id }: { id: string }) {
  const Page = useCharted()?.HostPage;
  return Page ? <Page id={id} /> : <Loading />;
}

export function ComparePage() {
  const Page = useCharted()?.ComparePage;
  return Page ? <Page /> : <Loading />;
}

function useCharted(): ChartedPages | null {
  if (!pages.value) loadCharted();
  return pages.value;
}

function Loading() {
  return (
    <div class="page" role="status" aria-label="Loading">
      <div class="skeleton loading-block" />
    </div>
  );
}
