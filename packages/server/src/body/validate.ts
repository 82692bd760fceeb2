// Checks a JSON object against a schema and tells the first problem with the path of its field.
import type { z } from "zod";
import { badRequest } from "../errors/api-error.js";
import type { JsonObject } from "./parse-json.js";

type Issue = z.core.$ZodIssue;

/** `body` as the schema types it. A null at the top level means the field's default. @throws ApiError 400 */
export function validate<Schema extends z.ZodType>(schema: Schema, body: JsonObject): z.output<Schema> {
  const result = schema.safeParse(withoutNulls(body));
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const param = formatPath(issue.path);
  const missing = valueAt(body, issue.path) === undefined;
  throw badRequest(missing ? `\`${param}\` is required.` : `\`${param}\`: ${describe(issue)}`, param);
}

/** The object without its null fields. Keys are copied one by one onto no prototype, so `__proto__` is a key like any other. */
function withoutNulls(body: JsonObject): JsonObject {
  const result: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(body)) if (body[key] !== null) result[key] = body[key];
  return result;
}

function describe(issue: Issue): string {
  return issue.message.replace(/^Invalid input: /, "");
}

/** `["messages", 0, "content"]` as `messages[0].content`. */
function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) text += typeof key === "number" ? `[${key}]` : text === "" ? String(key) : `.${String(key)}`;
  return text;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value ?? undefined;
}
