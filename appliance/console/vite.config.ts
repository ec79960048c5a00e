import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Put src/theme_first.ts into the head as a plain script: modules run only after the first paint. */
function themeFirst(): Plugin {
  const name = "theme_first";
  return {
    name,
    apply: "build",
    buildStart() {
      this.emitFile({ type: "chunk", id: `src/${name}.ts`, name });
    },
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle }) {
        const file = Object.values(bundle ?? {}).find((output) => output.name === name);
        return file ? [{ tag: "script", attrs: { src: `/${file.fileName}` }, injectTo: "head-prepend" }] : [];
      },
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [themeFirst()],
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
