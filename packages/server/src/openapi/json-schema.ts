// From the schemas that check requests to those of the OpenAPI document.
import { z } from "zod";
import type { UnimplementedFields } from "../fields/unimplemented.js";
import type { RequestDoc } from "./api-route.js";

export type JsonSchema = Record<string, unknown>;

/** A zod schema as JSON Schema 2020-12, which OpenAPI 3.1 uses. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "bigint") Object.assign(jsonSchema, { type: "integer", format: "int64" });
    },
  });
  return rest;
}

/** The body's schema: that of zod, with what body/validate.ts and fields/unimplemented.ts do before and after it. */
export function bodySchema({ schemas, unimplemented = {} }: RequestDoc): JsonSchema {
  const forms = schemas.map((schema) => withNulls(toJsonSchema(schema), unimplemented));
  return forms.length === 1 ? forms[0]! : { anyOf: forms };
}

/** At the top level a null stands for the field's default, so that every optional field may be null. */
function withNulls(schema: JsonSchema, unimplemented: UnimplementedFields): JsonSchema {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  const properties: Record<string, JsonSchema> = {};
  for (const [name, property] of Object.entries(schema.properties as Record<string, JsonSchema>)) {
    properties[name] = required.has(name) ? property : nullable(property);
  }
  for (const [name, defaults] of Object.entries(unimplemented)) {
    properties[name] ??= { enum: [...defaults, null], description: "Not implemented yet: only what asks for nothing." };
  }
  return { ...schema, properties };
}

function nullable(schema: JsonSchema): JsonSchema {
  if (Object.keys(schema).length === 0) return schema;
  if (typeof schema.type === "string" && !("const" in schema) && !("enum" in schema)) {
    return { ...schema, type: [schema.type, "null"] };
  }
  return { anyOf: [schema, { type: "null" }] };
}
