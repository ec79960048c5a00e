export { ComparePage } from "./compare/page.tsx";
export { HostPage } from "./host/page.tsx";
