// A route of the API: what answers it and what /openapi.json says of it, in one record, so that neither is without the other.
import type { z } from "zod";
import type { RouteHandler, ServerContext } from "../context.js";
import type { UnimplementedFields } from "../fields/unimplemented.js";

/** A JSON body that a route takes. The schema is the one that checks requests. */
export interface RequestDoc {
  /** Its name in the document. */
  readonly name: string;
  /** More than one: any of them. */
  readonly schemas: readonly z.ZodObject[];
  /** Known fields that may only have these values. */
  readonly unimplemented?: UnimplementedFields;
}

/** What a route answers when all is well. */
export type ReplyDoc =
  | { readonly type: "empty" }
  | { readonly type: "text"; readonly mediaType: string }
  | {
      readonly type: "json";
      readonly name: string;
      readonly schema: z.ZodType;
      /** It also answers as server-sent events, when asked with `stream`. */
      readonly streams?: boolean;
    };

export interface ApiRoute {
  readonly methods: readonly [Method, ...Method[]];
  /** In Hono's syntax. */
  readonly path: string;
  readonly handler: (context: ServerContext) => RouteHandler;
  readonly summary: string;
  readonly tag: string;
  /** Parameters behind the path's question mark, all optional. */
  readonly query?: z.ZodObject;
  readonly request?: RequestDoc;
  readonly reply: ReplyDoc;
  /** Statuses of failure beside those that every route has. */
  readonly failures?: readonly number[];
  /** It needs no key. */
  readonly open?: boolean;
  /** It keeps the engine busy, so that /load counts it. */
  readonly generates?: boolean;
  /** It is refused, with a 400, where the engine makes embeddings. */
  readonly refusedByPooling?: boolean;
}

export type Method = "GET" | "POST";
