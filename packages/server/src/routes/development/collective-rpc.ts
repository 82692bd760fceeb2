// POST /collective_rpc: calls a method in the engine's thread.
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { ApiError, badRequest } from "../../errors/api-error.js";
import { collectiveRpcSchema } from "./schema.js";

export function collectiveRpc({ engine, maxBodyBytes }: ServerContext): RouteHandler {
  return async (c) => {
    const body = validate(collectiveRpcSchema, parseJson(await readBody(c.req.raw, maxBodyBytes)));
    const { method, args = [], kwargs, timeout } = body;
    if (timeout !== undefined && timeout <= 0) throw badRequest("`timeout` must be above 0, in seconds.", "timeout");
    const hasArguments = kwargs !== undefined && Object.keys(kwargs).length > 0;
    const results = engine.collectiveRpc(method, args, hasArguments ? kwargs : undefined);
    const done = timeout === undefined ? await results : await within(timeout, results);
    return c.body(toJson(method, done), 200, { "content-type": "application/json" });
  };
}

/** As vLLM does: what is no object, list or null becomes text. */
function toText(result: unknown): unknown {
  return typeof result === "object" ? result : result === undefined ? null : String(result);
}

/** @throws ApiError 400 for what JSON cannot say, such as an object that holds itself */
function toJson(method: string, results: readonly unknown[]): string {
  try {
    return JSON.stringify({ results: results.map(toText) }, (_, value) => {
      if (typeof value === "bigint") return String(value);
      return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Uint8Array) : value;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : error;
    throw badRequest(`What ${method} returned is no JSON: ${reason}.`, "method");
  }
}

/** The method goes on in any case: it runs in another thread. @throws ApiError 504 */
async function within<T>(seconds: number, result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `The method did not return within ${seconds} seconds; it may still do so.`;
    timer = setTimeout(() => reject(new ApiError({ status: 504, message })), 1000 * seconds);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
    result.catch(() => {}); // nobody hears a late failure
  }
}
