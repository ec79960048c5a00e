export { AccessArea } from "./access/area.tsx";
export { AccountPage } from "./account/page.tsx";
export { TopologyPage } from "./topology/page.tsx";
