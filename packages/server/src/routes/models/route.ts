// Model cards: one for each served name.
import type { RouteHandler, ServerContext } from "../../context.js";
import { resolveModel } from "../../fields/model.js";

/** vLLM's card of a base model. */
interface ModelCard {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
  readonly root: string;
  readonly parent: null;
  readonly max_model_len: number;
  readonly permission: readonly never[];
}

export function listModels(context: ServerContext): RouteHandler {
  return (c) => c.json({ object: "list", data: context.servedModelNames.map((name) => card(context, name)) });
}

export function retrieveModel(context: ServerContext): RouteHandler {
  return (c) => c.json(card(context, resolveModel(context.servedModelNames, c.req.param("id"))));
}

function card({ created, engine, servedModelNames }: ServerContext, id: string): ModelCard {
  return {
    id,
    object: "model",
    created,
    owned_by: "octavo",
    root: servedModelNames[0]!,
    parent: null,
    max_model_len: engine.info.maxModelLen,
    permission: [],
  };
}
