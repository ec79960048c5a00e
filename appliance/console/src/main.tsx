import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/forms.css";
import "./styles/shell.css";
import "./styles/account_menu.css";
import "./styles/entrance.css";
import { render } from "preact";
import { attend } from "./api/attendance.ts";
import { followFleet } from "./model/fleet.ts";
import { App, invitationIn } from "./shell/app.tsx";

attend(window);
// Who comes with an invitation may see nothing yet.
if (invitationIn(location.pathname) === null) void followFleet();
const root = document.getElementById("app");
if (root) render(<App />, root);
