// How a PyTorch file is refused.
import { OctavoError } from "../../errors.js";

/** Throws with what was found. */
export type Fail = (found: string, advice?: string) => never;

/** @returns what throws CHECKPOINT for the file at `path` */
export function failOf(path: string): Fail {
  return (found, advice = "Download it again.") => {
    const message = `${path} is not a PyTorch checkpoint that Octavo reads: ${found}. ${advice}`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: path });
  };
}

/** A text from the file for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}...` : text);
}
