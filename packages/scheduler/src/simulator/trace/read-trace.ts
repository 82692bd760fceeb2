// Reads a trace of any known format, which the first line tells.
import { checkArgument } from "@octavo/core";
import { type Line, parseJsonLine, readLines } from "../json-lines.js";
import { isAzureHeader, parseAzureRequest } from "./azure-trace.js";
import { isMooncake, MOONCAKE_BLOCK_SIZE, parseMooncakeRequest } from "./mooncake-trace.js";
import { parseOctavoRequest } from "./octavo-trace.js";
import type { TracedRequest } from "./traced-request.js";

export interface TraceOptions {
  /** Requests at most, the first ones. Default: all. */
  readonly limit?: number;
  /** How many times faster requests arrive than they did. Default: 1. */
  readonly speed?: number;
  /** Tokens that one of Mooncake's hash ids stands for. Default: 512. */
  readonly hashBlockSize?: number;
}

/** @returns requests in order of arrival, the first at 0; @throws INVALID_ARGUMENT that names file and line */
export async function readTrace(file: string, options: TraceOptions = {}): Promise<TracedRequest[]> {
  const { limit = Number.POSITIVE_INFINITY, speed = 1, hashBlockSize = MOONCAKE_BLOCK_SIZE } = options;
  const requests: TracedRequest[] = [];
  let isCsv: boolean | undefined;
  for await (const line of readLines(file)) {
    if (requests.length >= limit) break;
    if (isCsv === undefined) {
      isCsv = isAzureHeader(line.text);
      if (isCsv) continue;
    }
    requests.push(isCsv ? parseAzureRequest(line) : parseJsonRequest(line, hashBlockSize));
  }
  checkArgument(requests.length > 0, `${file} has no requests`, "file");
  requests.sort((a, b) => a.arrival - b.arrival);
  const first = requests[0]!.arrival;
  return requests.map((request) => ({ ...request, arrival: (request.arrival - first) / speed }));
}

function parseJsonRequest(line: Line, hashBlockSize: number): TracedRequest {
  const json = parseJsonLine(line);
  return isMooncake(json.value) ? parseMooncakeRequest(json, hashBlockSize) : parseOctavoRequest(json);
}
