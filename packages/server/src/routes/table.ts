// Every route of the API, with what /openapi.json says of it.
import {
  CHAT_UNIMPLEMENTED,
  COMPLETION_UNIMPLEMENTED,
  EMBEDDING_UNIMPLEMENTED,
  TOKENIZE_UNIMPLEMENTED,
} from "../fields/unimplemented.js";
import type { ApiRoute } from "../openapi/api-route.js";
import * as replies from "../openapi/replies.js";
import { chatCompletions } from "./chat-completions/route.js";
import { chatSchema } from "./chat-completions/schema.js";
import { completions } from "./completions/route.js";
import { completionSchema } from "./completions/schema.js";
import { embeddings } from "./embeddings/route.js";
import { embeddingSchema } from "./embeddings/schema.js";
import { listModels, retrieveModel } from "./models/route.js";
import { health, load, metricsPage, versionInfo } from "./status/route.js";
import { detokenize, tokenize } from "./tokenize/route.js";
import { detokenizeSchema, tokenizeChatSchema, tokenizeTextSchema } from "./tokenize/schema.js";

/** Of a route that takes a JSON body and names a model. */
const BODY_FAILURES = [400, 404, 413, 415];

export const API_ROUTES: readonly ApiRoute[] = [
  {
    methods: ["POST"],
    path: "/v1/chat/completions",
    handler: chatCompletions,
    summary: "Answer a conversation",
    tag: "generation",
    request: { name: "ChatCompletionRequest", schemas: [chatSchema], unimplemented: CHAT_UNIMPLEMENTED },
    reply: { type: "json", name: "ChatCompletion", schema: replies.chatReply, streams: true },
    failures: BODY_FAILURES,
    generates: true,
    refusedByPooling: true,
  },
  {
    methods: ["POST"],
    path: "/v1/completions",
    handler: completions,
    summary: "Continue a text, or several",
    tag: "generation",
    request: { name: "CompletionRequest", schemas: [completionSchema], unimplemented: COMPLETION_UNIMPLEMENTED },
    reply: { type: "json", name: "Completion", schema: replies.completionReply, streams: true },
    failures: BODY_FAILURES,
    generates: true,
    refusedByPooling: true,
  },
  {
    methods: ["POST"],
    path: "/v1/embeddings",
    handler: embeddings,
    summary: "The vectors of texts, of a model that makes embeddings",
    tag: "embeddings",
    request: { name: "EmbeddingRequest", schemas: [embeddingSchema], unimplemented: EMBEDDING_UNIMPLEMENTED },
    reply: { type: "json", name: "Embeddings", schema: replies.embeddingReply },
    failures: [...BODY_FAILURES, 504],
    generates: true,
  },
  {
    methods: ["GET"],
    path: "/v1/models",
    handler: listModels,
    summary: "The names that the model is served under",
    tag: "models",
    reply: { type: "json", name: "ModelList", schema: replies.modelList },
  },
  {
    methods: ["GET"],
    path: "/v1/models/:id{.+}",
    handler: retrieveModel,
    summary: "One of these names",
    tag: "models",
    reply: { type: "json", name: "Model", schema: replies.modelCard },
    failures: [404],
  },
  {
    methods: ["POST"],
    path: "/tokenize",
    handler: tokenize,
    summary: "The token ids of a text or a conversation",
    tag: "tokenizer",
    request: {
      name: "TokenizeRequest",
      schemas: [tokenizeTextSchema, tokenizeChatSchema],
      unimplemented: TOKENIZE_UNIMPLEMENTED,
    },
    reply: { type: "json", name: "Tokens", schema: replies.tokenizeReply },
    failures: BODY_FAILURES,
  },
  {
    methods: ["POST"],
    path: "/detokenize",
    handler: detokenize,
    summary: "The text of token ids",
    tag: "tokenizer",
    request: { name: "DetokenizeRequest", schemas: [detokenizeSchema] },
    reply: { type: "json", name: "Text", schema: replies.detokenizeReply },
    failures: BODY_FAILURES,
  },
  {
    methods: ["GET"],
    path: "/health",
    handler: health,
    summary: "Whether the engine lives",
    tag: "status",
    reply: { type: "empty" },
    open: true,
  },
  {
    methods: ["GET", "POST"],
    path: "/ping",
    handler: health,
    summary: "Whether the engine lives, as SageMaker asks",
    tag: "status",
    reply: { type: "empty" },
    open: true,
  },
  {
    methods: ["GET"],
    path: "/load",
    handler: load,
    summary: "Requests for generation that are being answered",
    tag: "status",
    reply: { type: "json", name: "Load", schema: replies.loadReply },
    open: true,
  },
  {
    methods: ["GET"],
    path: "/version",
    handler: () => versionInfo,
    summary: "The server's version",
    tag: "status",
    reply: { type: "json", name: "Version", schema: replies.versionReply },
  },
  {
    methods: ["GET"],
    path: "/metrics",
    handler: metricsPage,
    summary: "Metrics for Prometheus",
    tag: "status",
    reply: { type: "text", mediaType: "text/plain" },
    open: true,
  },
];
