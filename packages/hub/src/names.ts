// Names that come from users and servers and become paths of the cache: what could leave it, or could not be read back, is refused.
import { checkArgument } from "@octavo/core";
import { HubError } from "./hub-error.js";

const ID_PART = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
const MOST_SEGMENT_BYTES = 255;

/** Whether Hugging Face could have such a repository: `org/name`, or `name` alone for old ones. */
export function isModelId(id: string): boolean {
  const parts = id.split("/");
  return parts.length <= 2 && parts.every((part) => ID_PART.test(part) && !part.includes("--") && !part.includes(".."));
}

/** @throws INVALID_ARGUMENT unless it is a branch, tag or commit that git could have */
export function checkRevision(revision: string): void {
  const isFine =
    /^[\w][\w./+-]*$/.test(revision) && !revision.split("/").some((part) => part === "" || /^\.|\.$|\.\./.test(part));
  checkArgument(
    isFine,
    `the revision ${JSON.stringify(revision)} is none that git has: name a branch, a tag or a commit`,
    "revision",
  );
}

/** Whether it is the full name of a commit, which never changes. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** A file's path in a repository, as a server gave it. @throws HubError when it would leave the model's folder */
export function checkFilePath(path: unknown, id: string): string {
  const segments = typeof path === "string" ? path.split("/") : [];
  const isFine =
    segments.length > 0 &&
    segments.every(
      (segment) =>
        segment !== "" &&
        segment !== "." &&
        segment !== ".." &&
        Buffer.byteLength(segment) <= MOST_SEGMENT_BYTES &&
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        !/[\\\u0000-\u001f\u007f]|^[A-Za-z]:/.test(segment),
    );
  if (isFine) return path as string;
  const shown = JSON.stringify(path)?.slice(0, 200);
  throw new HubError("damaged", `the listing of ${id} has a file named ${shown}, which is no path in a repository`, {
    param: id,
  });
}
