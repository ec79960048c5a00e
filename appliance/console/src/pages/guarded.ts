export { AccessArea } from "./access/area.tsx";
export { AccountPage } from "./account/page.tsx";
