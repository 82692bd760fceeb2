// The Azure LLM inference traces of 2023 (Splitwise, ISCA 2024) and 2024 (DynamoLLM, HPCA 2025): CSV with the columns
// TIMESTAMP, ContextTokens, GeneratedTokens. Times are of day, with up to seven digits of a second and perhaps a zone.
import { checkArgument } from "@octavo/core";
import type { Line } from "../json-lines.js";
import type { TracedRequest } from "./traced-request.js";

const HEADER = /^\uFEFF?TIMESTAMP,ContextTokens,GeneratedTokens\s*$/i;
const ROW = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:Z|\+00:00)?,(\d+),(\d+)\s*$/;

export function isAzureHeader(text: string): boolean {
  return HEADER.test(text);
}

/** `arrival` counts from 1970. @throws INVALID_ARGUMENT for a line of another form */
export function parseAzureRequest({ text, where }: Line): TracedRequest {
  const match = ROW.exec(text);
  checkArgument(match, `${where} is no "time,prompt tokens,output tokens": ${text.slice(0, 80)}`, "file");
  const [, date, time, fraction = "0", promptTokens, outputTokens] = match;
  const arrival = Date.parse(`${date}T${time}Z`) / 1000 + Number(fraction);
  return { arrival, promptTokens: Math.max(1, Number(promptTokens)), outputTokens: Math.max(1, Number(outputTokens)) };
}
