// The OpenAPI document, made from the table of routes.
import { version } from "../version.js";
import type { ApiRoute, ReplyDoc } from "./api-route.js";
import { bodySchema, type JsonSchema, toJsonSchema } from "./json-schema.js";
import { errorReply, unauthorizedReply } from "./replies.js";

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: "The request is wrong; `param` names the field.",
  401: "The key is missing or unknown.",
  404: "There is no such model.",
  413: "The body is too large.",
  415: "The body is compressed.",
  500: "An error of the server.",
  504: "What was asked for takes longer than the time that was given.",
  503: "The server is starting, full or shutting down, or its engine is dead. Retry-After says when to try again, if ever.",
};

/** @param needsKey whether clients must send a key */
export function openApiDocument(routes: readonly ApiRoute[], needsKey: boolean): JsonSchema {
  const schemas: Record<string, JsonSchema> = {
    Error: toJsonSchema(errorReply),
    ...(needsKey && { Unauthorized: toJsonSchema(unauthorizedReply) }),
  };
  const paths: Record<string, JsonSchema> = {};
  for (const route of routes) {
    if (route.request) schemas[route.request.name] = bodySchema(route.request);
    if (route.reply.type === "json") schemas[route.reply.name] = toJsonSchema(route.reply.schema);
    const path = route.path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
    const operations: JsonSchema = {};
    for (const method of route.methods) operations[method.toLowerCase()] = operation(route, method, needsKey);
    paths[path] = operations;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Octavo",
      version,
      description: "The OpenAI API with vLLM's extensions, as far as this server has them. Unknown fields are ignored.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas,
      ...(needsKey && { securitySchemes: { key: { type: "http", scheme: "bearer" } } }),
    },
  };
}

function operation(route: ApiRoute, method: string, needsKey: boolean): JsonSchema {
  const { path, summary, tag, query, request, reply, failures = [], open } = route;
  const guarded = needsKey && !open;
  const responses: Record<string, JsonSchema> = { 200: success(reply) };
  for (const status of [...failures, ...(guarded ? [401] : []), 500, 503].sort()) {
    const schema = status === 401 ? "Unauthorized" : "Error";
    responses[status] = { description: DESCRIPTIONS[status], ...json(reference(schema)) };
  }
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string", minLength: 1 },
  }));
  const inQuery = Object.entries((query && (toJsonSchema(query).properties as Record<string, JsonSchema>)) ?? {});
  const parameters = [...inPath, ...inQuery.map(([name, schema]) => ({ name, in: "query", schema }))];
  return {
    operationId: `${method.toLowerCase()}${path.replace(/:(\w+).*$/, "$1").replace(/(?:^|[/_-]|\.)+(\w)/g, (_, c) => c.toUpperCase())}`,
    summary,
    tags: [tag],
    ...(parameters.length > 0 && { parameters }),
    ...(request && { requestBody: { required: true, ...json(reference(request.name)) } }),
    responses,
    ...(guarded && { security: [{ key: [] }] }),
  };
}

function success(reply: ReplyDoc): JsonSchema {
  if (reply.type === "empty") return { description: "All is well." };
  if (reply.type === "text")
    return { description: "A text.", content: { [reply.mediaType]: { schema: { type: "string" } } } };
  const { content } = json(reference(reply.name));
  if (!reply.streams) return { description: "The reply.", content };
  const events = { "text/event-stream": { schema: { type: "string" } } };
  return {
    description: "The reply; with `stream: true` server-sent events, each with a chunk of it, the last one `[DONE]`.",
    content: { ...content, ...events },
  };
}

function json(schema: JsonSchema): { content: JsonSchema } {
  return { content: { "application/json": { schema } } };
}

function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}
