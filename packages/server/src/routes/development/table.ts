// The routes of the development mode: who reaches them controls the engine.
import type { ApiRoute } from "../../openapi/api-route.js";
import { abortRequests } from "./abort-requests.js";
import { collectiveRpc } from "./collective-rpc.js";
import { isPaused, pause, resume } from "./pause.js";
import { resetPrefixCache } from "./reset-prefix-cache.js";
import * as schema from "./schema.js";
import { updateWeightVersion, weightInfo } from "./weight-version.js";
import { getWorldSize } from "./world-size.js";

export const DEVELOPMENT_ROUTES: readonly ApiRoute[] = [
  {
    methods: ["POST"],
    path: "/pause",
    handler: pause,
    summary: "Hold requests back; abort, finish or keep those that are there",
    tag: "development",
    query: schema.pauseQuery,
    reply: { type: "json", name: "ControlStatus", schema: schema.statusReply },
    failures: [400],
  },
  {
    methods: ["POST"],
    path: "/resume",
    handler: resume,
    summary: "End a pause",
    tag: "development",
    reply: { type: "json", name: "ControlStatus", schema: schema.statusReply },
  },
  {
    methods: ["GET"],
    path: "/is_paused",
    handler: isPaused,
    summary: "Whether requests are held back",
    tag: "development",
    reply: { type: "json", name: "Paused", schema: schema.pausedReply },
  },
  {
    methods: ["POST"],
    path: "/abort_requests",
    handler: abortRequests,
    summary: "End requests, or all; their replies have what they generated so far",
    tag: "development",
    request: { name: "AbortRequestsRequest", schemas: [schema.abortRequestsSchema] },
    reply: { type: "json", name: "Aborted", schema: schema.abortReply },
    failures: [400, 413, 415],
  },
  {
    methods: ["POST"],
    path: "/reset_prefix_cache",
    handler: resetPrefixCache,
    summary: "Forget all cached prefixes",
    tag: "development",
    query: schema.resetQuery,
    reply: { type: "json", name: "Reset", schema: schema.resetReply },
    failures: [400],
  },
  {
    methods: ["POST"],
    path: "/collective_rpc",
    handler: collectiveRpc,
    summary: "Call a method in the engine's thread",
    tag: "development",
    request: { name: "CollectiveRpcRequest", schemas: [schema.collectiveRpcSchema] },
    reply: { type: "json", name: "RpcResults", schema: schema.rpcReply },
    failures: [400, 413, 415, 504],
  },
  {
    methods: ["GET"],
    path: "/get_world_size",
    handler: getWorldSize,
    summary: "How many processes compute a step together",
    tag: "development",
    query: schema.worldSizeQuery,
    reply: { type: "json", name: "WorldSize", schema: schema.worldSizeReply },
    failures: [400],
  },
  {
    methods: ["POST"],
    path: "/update_weight_version",
    handler: updateWeightVersion,
    summary: "Name the weights",
    tag: "development",
    request: { name: "UpdateWeightVersionRequest", schemas: [schema.weightVersionSchema] },
    reply: { type: "json", name: "NewWeightVersion", schema: schema.newVersionReply },
    failures: [400, 413, 415],
  },
  {
    methods: ["GET"],
    path: "/weight_info",
    handler: weightInfo,
    summary: "The weights' name",
    tag: "development",
    reply: { type: "json", name: "WeightInfo", schema: schema.weightInfoReply },
  },
];
