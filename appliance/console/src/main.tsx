import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import { render } from "preact";
import { followFleet } from "./model/fleet.ts";
import { App } from "./shell/app.tsx";

void followFleet();
const root = document.getElementById("app");
if (root) render(<App />, root);
