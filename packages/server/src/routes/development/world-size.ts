// GET /get_world_size: of how many processes a trainer that sends weights must know.
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { worldSizeQuery } from "./schema.js";

/** `include_dp` changes nothing: a server has one engine. */
export function getWorldSize({ engine }: ServerContext): RouteHandler {
  return (c) => {
    validate(worldSizeQuery, c.req.query());
    return c.json({ world_size: engine.info.worldSize });
  };
}
