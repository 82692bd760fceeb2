// GET /openapi.json, and GET /docs: Swagger UI over it, served from here, so that it works without any other network.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { OctavoError } from "@octavo/core";
import type { RouteHandler } from "../../context.js";
import { docsFolder } from "../../docs-folder.js";

const CONTENT_TYPES = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" } as const;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Octavo API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null });
`;

/** Swagger UI sets styles and draws with data: images; everything else comes from this server. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** Path to handler, with the page's own paths first. @param document the OpenAPI document */
export function docsRoutes(document: unknown): ReadonlyMap<string, RouteHandler> {
  const json = JSON.stringify(document);
  return new Map<string, RouteHandler>([
    ["/openapi.json", text(json, "application/json")],
    ["/docs", text(PAGE, "text/html; charset=utf-8")],
    ["/docs/start.js", text(START, CONTENT_TYPES.js)],
    ["/docs/swagger-ui-bundle.js", packed("swagger-ui-bundle.js", CONTENT_TYPES.js)],
    ["/docs/swagger-ui.css", packed("swagger-ui.css", CONTENT_TYPES.css)],
  ]);
}

function text(body: string, contentType: string): RouteHandler {
  return (c) => c.body(body, 200, { ...HEADERS, "content-type": contentType });
}

/** A file that is kept packed, and read when somebody asks for it: most servers never show the page. */
function packed(name: string, contentType: string): RouteHandler {
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  return (c) => {
    bytes ??= read(name);
    const headers = { ...HEADERS, "content-type": contentType, vary: "accept-encoding" };
    const takesGzip = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
    if (takesGzip) return c.body(bytes, 200, { ...headers, "content-encoding": "gzip" });
    return c.body(new Uint8Array(gunzipSync(bytes)), 200, headers);
  };
}

function read(name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(new URL(`${name}.gz`, docsFolder)));
  } catch (cause) {
    const message = `${name} is missing from ${docsFolder.pathname}; build it with \`npm run build\`, or install @octavo/server again`;
    throw new OctavoError({ code: "INTERNAL", message, cause });
  }
}
