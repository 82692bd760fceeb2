import { expect, test } from "vitest";
import { HubError } from "../hub-error.js";
import { diskError } from "./disk.js";

const failure = (code: string) => Object.assign(new Error(`${code}: refused`), { code });

test.each([
  ["ENOSPC", /the disk of \/cache is full \(ENOSPC\): make room and start again: what is there is kept/],
  ["EDQUOT", /the disk of \/cache is full/],
  ["EROFS", /\/cache\/x cannot be written \(EROFS: refused\): HF_HUB_CACHE or --download-dir/],
])("%s says what to do", (code, message) => {
  expect(diskError("/cache/x", failure(code))).toMatchObject({
    reason: "disk",
    code: "DOWNLOAD",
    message: expect.stringMatching(message),
  });
});

test("what is not of the disk stays as it is", () => {
  const errors = [
    new HubError("network", "cut"),
    new Error("plain"),
    new DOMException("ended", "AbortError"),
    undefined,
  ];
  for (const error of errors) expect(diskError("/cache/x", error)).toBe(error);
});
