// The chat page: one HTML file, one script, one style sheet, which the server serves at `/` and below `/page/`.
import { defineConfig, type Plugin } from "vite";

/** The script sets the chosen theme, so nothing is painted before it ran. Requests need no CORS: they stay on this origin. */
const blockingScript: Plugin = {
  name: "blocking-script",
  transformIndexHtml: {
    order: "post",
    handler: (html) =>
      html.replaceAll(" crossorigin", "").replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

export default defineConfig({
  base: "/page/",
  build: {
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: "baseline-widely-available",
  },
  logLevel: "warn",
  plugins: [blockingScript],
  server: { proxy: { "/v1": "http://127.0.0.1:8000" } },
});
