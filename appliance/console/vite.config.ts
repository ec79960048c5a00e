import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../src/sysmon_appliance/web/static",
    emptyOutDir: true,
    // The content security policy allows no data: fonts, so nothing is inlined.
    assetsInlineLimit: 0,
    target: "es2022",
    manifest: true,
  },
  server: {
    host: "127.0.0.1",
    // `npm run dev` shows the data of a console that runs on this machine.
    proxy: { "/api": "http://127.0.0.1:7480", "/link": "http://127.0.0.1:7480" },
  },
  test: { include: ["src/**/*.test.ts"] },
});
