// The value of --kv-events-config: vLLM's JSON, as far as it says something here.
import { InvalidArgumentError } from "commander";

export interface KvEventsConfig {
  readonly enableKvCacheEvents: boolean;
}

/** The one way that events go out by; "null" publishes nothing, as in vLLM. */
const PUBLISHERS = ["http", "null"];

export function kvEventsConfig(text: string): KvEventsConfig {
  const given = parse(text);
  const { enable_kv_cache_events: enabled = false, publisher = "http", ...others } = given;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `"${unknown}" says nothing here: events are served on the server's own port, as GET /kv_events. Leave it out.`,
    );
  }
  if (typeof enabled !== "boolean") throw new InvalidArgumentError("enable_kv_cache_events must be true or false.");
  if (!PUBLISHERS.includes(publisher as string)) {
    throw new InvalidArgumentError(`publisher must be "http" or "null", not ${JSON.stringify(publisher)}.`);
  }
  return { enableKvCacheEvents: enabled && publisher !== "null" };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be a JSON object, such as {"enable_kv_cache_events": true}.');
}
