export { ComparePage } from "./compare/page.tsx";
export { HostPage } from "./host/page.tsx";
export { StorageArea } from "./storage/area.tsx";
