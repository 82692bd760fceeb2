import { expect, test } from "vitest";
import { randomInts } from "../test-support/model-folder.js";
import { StopMatcher } from "./stop-matcher.js";

function run(
  stops: readonly string[],
  pieces: readonly string[],
  includeStop = false,
): { text: string; stop: string | null } {
  const matcher = new StopMatcher(stops, { includeStop });
  let text = "";
  for (const piece of pieces) text += matcher.push(piece);
  return { text: text + matcher.finish(), stop: matcher.matched };
}

/** The rule, said plainly: the first place where a stop string ends; there, the longest. */
function oracle(stops: readonly string[], text: string, includeStop: boolean): { text: string; stop: string | null } {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length);
    if (ending[0]) return { text: text.slice(0, includeStop ? end : end - ending[0].length), stop: ending[0] };
  }
  return { text, stop: null };
}

test("agrees with the plain rule however the text is cut, and holds back no more than it must", () => {
  for (let seed = 0; seed < 4000; seed++) {
    const random = randomInts(seed);
    const word = (max: number): string =>
      Array.from({ length: 1 + random(max) }, () => "abc"[random(2 + (seed % 2))]).join("");
    const stops = Array.from({ length: 1 + random(4) }, () => word(5));
    const pieces = Array.from({ length: random(10) }, () => word(4));
    const includeStop = random(2) === 1;
    const label = `seed ${seed}: ${JSON.stringify({ stops, pieces, includeStop })}`;
    expect(run(stops, pieces, includeStop), label).toEqual(oracle(stops, pieces.join(""), includeStop));

    const matcher = new StopMatcher(stops);
    let seen = "";
    let given = "";
    for (const piece of pieces) {
      seen += piece;
      given += matcher.push(piece);
      if (matcher.matched !== null) break;
      let hold = 0;
      for (const stop of stops)
        for (let n = 1; n < stop.length; n++) if (seen.endsWith(stop.slice(0, n))) hold = Math.max(hold, n);
      expect(given, label).toBe(seen.slice(0, seen.length - hold));
    }
  }
});

test("a stop string that is the start of another wins, because it is complete first", () => {
  expect(run(["abc", "ab"], ["xabc"])).toEqual({ text: "x", stop: "ab" });
  expect(run(["abc", "ab"], ["xa", "b", "c"])).toEqual({ text: "x", stop: "ab" });
});

test("of stop strings that end together the longest wins", () => {
  expect(run(["bc", "abc"], ["xa", "bc", "d"])).toEqual({ text: "x", stop: "abc" });
  expect(run(["bc", "abc"], ["xabcd"], true)).toEqual({ text: "xabc", stop: "abc" });
});

test("returns nothing after the stop string", () => {
  const matcher = new StopMatcher(["\n\n"]);
  expect(matcher.push("one\n")).toBe("one");
  expect(matcher.push("\ntwo")).toBe("");
  expect(matcher.matched).toBe("\n\n");
  expect(matcher.push("three")).toBe("");
  expect(matcher.finish()).toBe("");
});

test("refuses stop strings that cannot be found", () => {
  expect(() => new StopMatcher(["a", ""])).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", param: "stop[1]" }),
  );
  expect(() => new StopMatcher(["\uDE42"])).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", param: "stop[0]" }),
  );
});
