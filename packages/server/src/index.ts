/** An OpenAI-compatible server over an Octavo engine. @module @octavo/server */
export { type AppOptions, createApp } from "./app.js";
export type { Env } from "./context.js";
export { type Listener, type ListenOptions, listen } from "./serve.js";
