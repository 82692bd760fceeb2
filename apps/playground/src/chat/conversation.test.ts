import { expect, test } from "vitest";
import {
  append,
  before,
  type Conversation,
  lastAnswer,
  lastQuestion,
  newConversation,
  settle,
  titleOf,
} from "./conversation.js";

const question = (id: string, text = id) => ({ role: "user" as const, id, text });
const answer = (id: string, text = id, end: "stop" | "running" = "stop") => ({
  role: "assistant" as const,
  id,
  text,
  end,
});

function talk(): Conversation {
  const messages = [question("q1"), answer("a1"), question("q2"), answer("a2")];
  return messages.reduce<Conversation>((all, message, at) => append(all, message, at + 1), newConversation("c", 0));
}

test("a title is the name, or the first question cut at a word", () => {
  expect(titleOf(newConversation("c", 0))).toBe("New conversation");
  expect(titleOf(append(newConversation("c", 0), question("q", " two\n lines "), 1))).toBe("two lines");
  const long = titleOf(append(newConversation("c", 0), question("q", "word ".repeat(40)), 1));
  expect(long).toMatch(/^(word )+word…$/);
  expect(long.length).toBeLessThanOrEqual(61);
  expect(titleOf(append(newConversation("c", 0), question("q", "x".repeat(100)), 1))).toHaveLength(61);
  expect(titleOf({ ...talk(), name: "Named" })).toBe("Named");
});

test("before() drops a message and what follows, and nothing for an unknown one", () => {
  expect(before(talk(), "q2").messages.map(({ id }) => id)).toEqual(["q1", "a1"]);
  expect(before(talk(), "nobody")).toEqual(talk());
});

test("the last answer is one only at the end", () => {
  expect(lastAnswer(talk())?.id).toBe("a2");
  expect(lastAnswer(before(talk(), "a2"))).toBeNull();
  expect(lastQuestion(talk())?.id).toBe("q2");
  expect(lastQuestion(newConversation("c", 0))).toBeNull();
});

test("what was running when the page was left is cut, or gone when nothing had come", () => {
  const started = before(talk(), "a2");
  expect(settle(append(started, answer("a3", "Once", "running"), 9)).messages.at(-1)).toMatchObject({
    text: "Once",
    end: "cut",
  });
  expect(settle(append(started, answer("a3", "", "running"), 9)).messages).toEqual(started.messages);
  expect(settle(talk())).toEqual(talk());
});

test("a new conversation takes over the set-up, not the words", () => {
  const fresh = newConversation("d", 5, { ...talk(), systemPrompt: "Be brief.", sampling: { seed: 1 } });
  expect(fresh).toEqual({
    id: "d",
    name: "",
    updated: 5,
    systemPrompt: "Be brief.",
    sampling: { seed: 1 },
    messages: [],
  });
});
