// POST /update_weight_version and GET /weight_info: a name for the weights, which every reply carries.
import { parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { weightVersionSchema } from "./schema.js";

export function updateWeightVersion({ engine, maxBodyBytes }: ServerContext): RouteHandler {
  return async (c) => {
    const { new_version: version } = validate(weightVersionSchema, parseJson(await readBody(c.req.raw, maxBodyBytes)));
    engine.weightVersion = version;
    return c.json({ success: true, new_version: version });
  };
}

export function weightInfo({ engine }: ServerContext): RouteHandler {
  return (c) => c.json({ weight_version: engine.weightVersion });
}
