// POST /abort_requests: ends requests from outside.
import { readOptionalObject } from "../../body/read-optional-object.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { abortRequestsSchema } from "./schema.js";

export function abortRequests({ running, maxBodyBytes }: ServerContext): RouteHandler {
  return async (c) => {
    const { request_ids: ids } = validate(abortRequestsSchema, await readOptionalObject(c.req.raw, maxBodyBytes));
    return c.json({ status: "aborted", aborted: running.abort(ids) });
  };
}
