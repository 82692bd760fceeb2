// The chat page's parts as tests name them, and answers that suit a test.
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { OpenPage } from "./browser.js";

export const CHAT = "**/v1/chat/completions";

export const answers = (page: Page) => page.getByRole("article", { name: "Answer" });
export const questions = (page: Page) => page.getByRole("article", { name: "You" });
export const message = (page: Page) => page.getByRole("textbox", { name: "Message", exact: true });
export const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
export const listed = (page: Page) => page.locator(".row .name");

export async function send(page: Page, text: string): Promise<void> {
  await message(page).fill(text);
  await button(page, "Send").click();
}

/** The last answer's text, once it is complete. */
export async function complete(page: Page): Promise<string> {
  await answers(page).last().locator("footer").waitFor();
  return answers(page).last().locator(".prose").innerText();
}

/** Bytes a second: about 300 tokens. */
const SLOW = 100_000;

/**
 * Answers go on to the context's end, and slowly on fast machines too, so that there is time to do something meanwhile.
 * @returns ends that
 */
export async function neverEnding(page: Page): Promise<() => Promise<void>> {
  const devtools = await page.context().newCDPSession(page);
  const limit = (downloadThroughput: number) =>
    devtools.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 0,
      downloadThroughput,
      uploadThroughput: -1,
    });
  await devtools.send("Network.enable");
  await limit(SLOW);
  await page.route(CHAT, (route) => {
    const body = { ...route.request().postDataJSON(), ignore_eos: true };
    return route.continue({ postData: JSON.stringify(body) });
  });
  return async () => {
    await page.unroute(CHAT);
    await limit(-1);
  };
}

/** Answers of ours, in the server's format. */
export async function answerWith(page: Page, choices: readonly object[]): Promise<void> {
  const events = [...choices.map((choice) => JSON.stringify({ choices: [choice] })), "[DONE]"];
  const body = events.map((event) => `data: ${event}\n\n`).join("");
  await page.route(CHAT, (route) => route.fulfill({ contentType: "text/event-stream", body }));
}

export async function growing(page: Page): Promise<void> {
  const text = () => answers(page).last().innerText();
  await expect.poll(async () => (await text()).length).toBeGreaterThan(20);
  const before = await text();
  await expect.poll(async () => (await text()).length).toBeGreaterThan(before.length + 20);
  expect((await text()).startsWith(before.slice(0, 20))).toBe(true);
  expect(await answers(page).last().getAttribute("aria-busy")).toBe("true");
}

export function expectQuiet({ strayRequests, complaints }: OpenPage): void {
  expect(strayRequests).toEqual([]);
  expect(complaints).toEqual([]);
}

export const overflow = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
