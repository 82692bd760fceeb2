import { expect, test } from "vitest";
import { kvEventsConfig } from "./kv-events-config.js";

test.each([
  ['{"enable_kv_cache_events": true}', true],
  ['{"enable_kv_cache_events": true, "publisher": "null"}', false],
  ["{}", false],
])("%s", (text, enableKvCacheEvents) => expect(kvEventsConfig(text)).toEqual({ enableKvCacheEvents }));

test.each([
  ["no", "a JSON object"],
  ["[]", "a JSON object"],
  ['{"enable_kv_cache_events": 1}', "true or false"],
  ['{"publisher": "zmq"}', '"http" or "null"'],
  ['{"endpoint": "tcp://*:5557"}', '"endpoint" says nothing here'],
])("%s is refused", (text, message) => expect(() => kvEventsConfig(text)).toThrow(message));
