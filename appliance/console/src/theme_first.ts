// A script of its own in the page's head, so that the first paint has the theme already; model/theme.ts goes on from there.

const chosen = localStorage.getItem("sysmon.theme");
const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
document.documentElement.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : system;
