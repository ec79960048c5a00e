import "../../styles/area.css";
import "../../styles/charts.css";
import "../../styles/records.css";
import "../../styles/storage.css";
import type { ComponentType } from "preact";
import { STORAGE_PAGES, type StoragePage } from "../../model/storage_pages.ts";
import { useTitle } from "../../ui/hooks.ts";
import { Tabs } from "../../ui/tabs.tsx";
import { StorageOverview } from "./overview.tsx";
import { SegmentsPage } from "./segments.tsx";
import { SeriesPage } from "./series.tsx";

const CONTENT: Readonly<Record<string, ComponentType>> = {
  "/storage": StorageOverview,
  "/storage/segments": SegmentsPage,
  "/series": SeriesPage,
};

/** What is kept of the past: where, for how long, and of which series. */
export function StorageArea({ path }: { path: string }) {
  const page = STORAGE_PAGES.find((each) => each.path === path) as StoragePage;
  const Content = CONTENT[path] as ComponentType;
  useTitle(page.words);
  return (
    <div class="page area" data-testid="storage-page">
      <Tabs label="Storage" pages={STORAGE_PAGES} path={path} />
      <Content />
    </div>
  );
}
