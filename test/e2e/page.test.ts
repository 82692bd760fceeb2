// The chat page in a real browser against a real server with Pocket. Without a browser it is skipped, and says so.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { percent, visibleText } from "../../apps/playground/src/api/token-probabilities.js";
import { browserPath, launchBrowser, openPage } from "./browser.js";
import {
  answers,
  answerWith,
  button,
  CHAT,
  complete,
  expectQuiet,
  growing,
  listed,
  message,
  neverEnding,
  overflow,
  questions,
  send,
} from "./chat-page.js";
import { type ServerProcess, startServer } from "./server-process.js";

if (!browserPath) console.warn("SKIPPED test/e2e/page.test.ts: no Chromium found; install it or set OCTAVO_CHROMIUM.");

interface LogprobsChoice {
  readonly message: { readonly content: string };
  readonly logprobs: { readonly content: readonly (Logprob & { readonly top_logprobs: readonly Logprob[] })[] };
}

interface Logprob {
  readonly token: string;
  readonly logprob: number;
}

const FOX = "Tell me a story about a fox.";
describe.skipIf(!browserPath)("the chat page", () => {
  let server: ServerProcess;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test("streams, stops, answers again, edits, and keeps it all", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const letEnd = await neverEnding(page);
    await send(page, FOX);
    await growing(page);
    await button(page, "Stop").click();
    const stopped = await complete(page);
    expect(await answers(page).locator("footer").innerText()).toMatch(
      /^Stopped · \d+ tokens · \d+ tokens\/s · first after/,
    );
    await expect.poll(async () => (await fetch(`${server.url}/metrics`)).text()).toMatch(/num_requests_running\S* 0$/m);

    await letEnd();
    await button(page, "Answer again").click();
    const again = await complete(page);
    expect(again).not.toBe(stopped);
    expect(await answers(page).count()).toBe(1);

    await send(page, "And then?");
    await complete(page);
    expect(await questions(page).allInnerTexts()).toEqual([FOX, "And then?"]);
    await button(page, "Edit and send again").first().click();
    await page.getByRole("textbox", { name: "Your message" }).fill("Tell me about an owl.");
    await button(page, "Send again").click();
    const owl = await complete(page);
    expect(await questions(page).allInnerTexts()).toEqual(["Tell me about an owl."]);

    await page.reload();
    expect(await complete(page)).toBe(owl);
    expect(await questions(page).allInnerTexts()).toEqual(["Tell me about an owl."]);

    await button(page, "New conversation").click();
    expect(await answers(page).count()).toBe(0);
    await send(page, "Hello!");
    await complete(page);
    expect(await listed(page).allInnerTexts()).toEqual(["Hello!", "Tell me about an owl."]);
    await button(page, "Rename Hello!").click();
    await page.keyboard.type("Greeting");
    await page.keyboard.press("Enter");
    await button(page, "Delete Tell me about an owl.").click();
    expect(await listed(page).allInnerTexts()).toEqual(["Greeting"]);
    await button(page, "Undo").click();
    expect(await complete(page)).toBe(owl);
    await button(page, "Delete Tell me about an owl.").click();
    await page.reload();
    await listed(page).first().waitFor();
    expect(await listed(page).allInnerTexts()).toEqual(["Greeting"]);
    expectQuiet(open);
  });

  test("a page that is left in the middle of an answer keeps what came", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    await neverEnding(page);
    await send(page, FOX);
    await growing(page);
    await page.reload();
    expect((await complete(page)).length).toBeGreaterThan(20);
    expect(await answers(page).locator("footer").innerText()).toMatch(/^Cut off · /);
    expectQuiet(open);
  });

  test("follows a growing answer until the reader scrolls up", async () => {
    await using open = await openPage(browser, server.url, { viewport: { width: 700, height: 360 } });
    const { page } = open;
    const toEnd = () => page.locator("main").evaluate((view) => view.scrollHeight - view.scrollTop - view.clientHeight);
    await neverEnding(page);
    await send(page, FOX);
    await expect.poll(() => page.locator("main").evaluate((view) => view.scrollTop)).toBeGreaterThan(100);
    await growing(page);
    expect(await toEnd()).toBeLessThan(60);
    await page.locator("main").hover();
    await page.mouse.wheel(0, -300);
    await expect.poll(toEnd).toBeGreaterThan(100);
    const away = await toEnd();
    await growing(page);
    await expect.poll(toEnd).toBeGreaterThan(away);
    await button(page, "To the end").click();
    await expect.poll(toEnd).toBeLessThan(60);
    await page.keyboard.press("Escape");
    await complete(page);
    expectQuiet(open);
  });

  test("by keyboard alone", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const { keyboard } = page;
    const focused = () =>
      page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText");
    const letEnd = await neverEnding(page);
    await expect.poll(focused).toBe("Message");
    await keyboard.type("A story?");
    await keyboard.press("Shift+Enter");
    await keyboard.type("About a fox.");
    await keyboard.press("Enter");
    await growing(page);
    await keyboard.press("Escape");
    await complete(page);
    expect(await questions(page).allInnerTexts()).toEqual(["A story?\nAbout a fox."]);

    await letEnd();
    await keyboard.press("Alt+KeyR");
    await complete(page);
    await keyboard.press("ArrowUp");
    await expect.poll(focused).toBe("Your message");
    await keyboard.type(" And an owl.");
    await keyboard.press("Enter");
    await complete(page);
    expect(await questions(page).allInnerTexts()).toEqual(["A story?\nAbout a fox. And an owl."]);
    await expect.poll(focused).toBe("Message");

    await keyboard.press("Alt+KeyN");
    expect(await answers(page).count()).toBe(0);
    await keyboard.type("Hello!");
    await keyboard.press("Enter");
    await complete(page);
    await keyboard.press("Alt+ArrowDown");
    await expect.poll(() => questions(page).allInnerTexts()).toEqual(["A story?\nAbout a fox. And an owl."]);
    await keyboard.press("Alt+ArrowUp");
    await expect.poll(() => questions(page).allInnerTexts()).toEqual(["Hello!"]);

    // Everything can be reached by Tab, and is seen to be.
    const reached: unknown[] = [];
    for (let i = 0; i < 25 && !reached.includes("Settings"); i++) {
      await keyboard.press("Shift+Tab");
      reached.push(await focused());
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).not.toBe("none");
    }
    expect(reached).toEqual(["Answer again", "Copy answer", "Edit and send again", "Copy message", "Settings"]);
    await keyboard.press("Enter");
    await expect.poll(() => page.evaluate("document.activeElement.placeholder")).toBe("None: the model's own");
    await keyboard.press("Escape");
    await expect.poll(focused).toBe("Settings");

    await keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await help.waitFor();
    expect(await help.locator("dt").count()).toBeGreaterThan(10);
    await keyboard.press("Escape");
    await help.waitFor({ state: "detached" });
    await expect.poll(focused).toBe("Settings");
    await keyboard.press("/");
    await expect.poll(focused).toBe("Message");
    expectQuiet(open);
  });

  test("sends only what was set", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const bodies: Record<string, unknown>[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/completions") && request.postDataJSON().stream) bodies.push(request.postDataJSON());
    });
    await send(page, "Hello!");
    await complete(page);
    await button(page, "Settings").click();
    await page.getByLabel("System prompt").fill("Be brief.");
    await page.getByLabel("temperature").fill("0");
    await page.getByLabel("max_tokens").fill("5");
    await page.getByLabel("top_k").fill("1.5");
    await page.getByText("Write a whole number.").waitFor();
    await button(page, "Answer again").click();
    await complete(page);
    expect(await answers(page).locator("footer").innerText()).toMatch(/^Ended by max_tokens.* · 5 tokens · /);
    const common = {
      model: "pocket",
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    };
    const user = { role: "user", content: "Hello!" };
    expect(bodies).toEqual([
      { ...common, messages: [user] },
      { ...common, messages: [{ role: "system", content: "Be brief." }, user], temperature: 0, max_tokens: 5 },
    ]);
    await page.reload();
    await complete(page);
    expect(await page.getByRole("region", { name: "System prompt" }).innerText()).toBe("Be brief.");
    await button(page, "Settings").click();
    expect(await page.getByLabel("temperature").inputValue()).toBe("0");
    await button(page, "Leave all to the model").click();
    await expect.poll(() => page.getByLabel("temperature").inputValue()).toBe("");
    expectQuiet(open);
  });

  test("at 360 pixels nothing sticks out", async () => {
    const viewport = { width: 360, height: 640 };
    await using open = await openPage(browser, server.url, { viewport, hasTouch: true, isMobile: true });
    const { page } = open;
    const long = "unbreakable".repeat(30);
    const content = `# ${long}\n\n${long}\n\n\`\`\`\n${long}\n\`\`\`\n\n|a|b|\n|-|-|\n|${long}|${long}|\n\n- \`${long}\``;
    expect(await overflow(page)).toBe(0);
    await answerWith(page, [{ delta: { content } }, { delta: {}, finish_reason: "stop" }]);
    await send(page, long);
    await complete(page);
    expect(await overflow(page)).toBe(0);
    for (const name of ["Conversations", "Settings", "Keyboard shortcuts"]) {
      await button(page, name).click();
      const dialog = page.getByRole("dialog", { name });
      await dialog.waitFor();
      expect(await overflow(page)).toBe(0);
      const box = (await dialog.boundingBox())!;
      expect([box.x >= 0, box.x + box.width <= 360]).toEqual([true, true]);
      expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
      await button(page, "Close").click();
      await dialog.waitFor({ state: "detached" });
    }
    await button(page, "Edit and send again").click();
    expect(await overflow(page)).toBe(0);
    expectQuiet(open);
  });

  test("light and dark, by the system and by choice, readable in both", async () => {
    await using open = await openPage(browser, server.url, { colorScheme: "dark" });
    const { page } = open;
    await message(page).waitFor();
    const lightness = (property: string, of: string): Promise<number> =>
      page.evaluate(`(() => {
        const [r, g, b] = getComputedStyle(document.querySelector("${of}"))["${property}"].match(/[\\d.]+/g).map(Number);
        const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
      })()`);
    const ground = () => lightness("backgroundColor", "body");
    const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const expectReadable = async () => {
      expect(contrast(await ground(), await lightness("color", "body"))).toBeGreaterThan(10);
      expect(contrast(await ground(), await lightness("color", ".empty .fine"))).toBeGreaterThan(4.5);
      expect(contrast(await ground(), await lightness("color", ".empty .link"))).toBeGreaterThan(4.5);
    };
    expect(await ground()).toBeLessThan(0.05);
    await expectReadable();
    await page.emulateMedia({ colorScheme: "light" });
    expect(await ground()).toBeGreaterThan(0.8);
    await expectReadable();
    await button(page, "Colours: system. Change to light").click();
    await button(page, "Colours: light. Change to dark").click();
    expect(await ground()).toBeLessThan(0.05);
    await page.reload();
    await message(page).waitFor();
    expect(await ground()).toBeLessThan(0.05);
    expectQuiet(open);
  });

  test("a model's output is text: no markup, no request, no script", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const content = [
      "![a](https://elsewhere.example/a.png) <img src='https://elsewhere.example/b.png' onerror='document.title = 1'>",
      "<script>document.title = 1</script>",
      "<iframe src='https://elsewhere.example/'></iframe>",
      "[b](javascript:document.title=1) **bold**",
      "```js\nlet a = 1 < 2;\n```",
    ].join("\n\n");
    await answerWith(page, [{ delta: { content } }, { delta: {}, finish_reason: "stop" }]);
    await send(page, "Attack!");
    const text = await complete(page);
    expect(text).toContain("<script>document.title = 1</script>");
    expect(await answers(page).locator("strong").innerText()).toBe("bold");
    expect(await answers(page).locator("img, script, iframe, [href^=javascript]").count()).toBe(0);
    expect(await answers(page).locator("pre").innerText()).toBe("let a = 1 < 2;");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await button(page, "Copy code").click();
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()")).toBe("let a = 1 < 2;");
    expect(await page.title()).toBe("Octavo");
    expectQuiet(open);
  });

  test("token probabilities, where the server gives them", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const token = (text: string, logprob: number, others: [string, number][]) => ({
      index: 0,
      delta: { content: text },
      logprobs: {
        content: [
          {
            token: text,
            logprob,
            top_logprobs: [[text, logprob] as const, ...others].map(([token, logprob]) => ({ token, logprob })),
          },
        ],
      },
    });
    const piece = token("\ufffd", -1.6, [["\ufffd", -0.9]]);
    await answerWith(page, [token("Once", -0.1, [["In", -2.5]]), token(" upon", -1.6, [[" there", -0.9]]), piece]);
    await button(page, "Settings").click();
    await page.getByLabel("Token probabilities, with the next answer").check();
    await button(page, "Close settings").click();
    await send(page, "Hello!");
    expect(await complete(page)).toBe("Once upon\ufffd");
    await button(page, "Token probabilities").click();
    await page.getByRole("button", { name: "·upon 20 %" }).hover();
    const alternatives = page.getByLabel("Likeliest tokens here");
    expect((await alternatives.innerText()).split(/\s*\n\s*/)).toEqual(["·upon", "20 %", "·there", "41 %"]);
    await page.getByRole("button", { name: "·upon 20 %" }).focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => alternatives.innerText()).toContain("90 %");
    await page.getByRole("button", { name: "\ufffd 20 %" }).hover();
    await expect.poll(() => alternatives.locator(".taken").allInnerTexts()).toEqual([expect.stringContaining("20 %")]);
    expect(await alternatives.locator("dt").allInnerTexts()).toEqual(["\ufffd", "\ufffd"]);
    expectQuiet(open);
  });

  test("token probabilities are the server's", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    await button(page, "Settings").click();
    await page.getByLabel("temperature").fill("2"); // Some tokens are none of the likeliest.
    await page.getByLabel("seed").fill("3");
    await page.getByLabel("max_tokens").fill("40");
    await page.getByLabel("Token probabilities, with the next answer").check();
    await button(page, "Close settings").click();
    await send(page, FOX);
    const text = await complete(page);

    const messages = [{ role: "user", content: FOX }];
    const body = { messages, temperature: 2, seed: 3, max_tokens: 40, logprobs: true, top_logprobs: 5 };
    const reply = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
    const [choice] = ((await reply.json()) as { choices: LogprobsChoice[] }).choices;
    const wanted = choice!.logprobs.content;
    expect(wanted.length).toBeGreaterThan(10);
    const words = (spoken: string) => spoken.split(/\s+/).join(" ").trim();
    expect(words(text)).toBe(words(choice!.message.content));

    await button(page, "Token probabilities").click();
    const tokens = page.getByRole("group", { name: "Tokens" }).getByRole("button");
    const alternatives = page.getByLabel("Likeliest tokens here");
    expect(await tokens.count()).toBe(wanted.length);
    let unlikely = 0;
    for (const [i, { token, logprob, top_logprobs }] of wanted.entries()) {
      const rows = [...top_logprobs];
      if (rows.every((top) => top.logprob > logprob) && rows.push({ token, logprob })) unlikely++;
      await tokens.nth(i).hover();
      const label = `${visibleText(token)} ${percent(logprob)}`;
      expect(await tokens.nth(i).getAttribute("aria-label")).toBe(label);
      await expect.poll(() => alternatives.locator(".taken").innerText()).toMatch(percent(logprob));
      const shown = (await alternatives.innerText()).split(/\s*\n\s*/);
      expect(shown).toEqual(rows.flatMap((top) => [visibleText(top.token), percent(top.logprob)]));
    }
    expect(unlikely).toBeGreaterThan(0);
    await page.reload();
    await button(page, "Token probabilities").click();
    expect(await tokens.count()).toBe(wanted.length);
    expectQuiet(open);
  });

  test("a server that refuses logprobs answers without, and does not offer them", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const error = { message: "`logprobs` is not implemented yet.", param: "logprobs" };
    await page.route(CHAT, (route) =>
      route.request().postDataJSON().logprobs ? route.fulfill({ status: 400, json: { error } }) : route.continue(),
    );
    await page.evaluate("localStorage.setItem('octavo.tokens', 'on')");
    await page.reload();
    await send(page, "Hello!");
    expect((await complete(page)).length).toBeGreaterThan(0);
    await button(page, "Settings").click();
    await page.getByLabel("seed").waitFor();
    expect(await page.getByLabel("Token probabilities, with the next answer").count()).toBe(0);
    expectQuiet(open);
  });

  test("asks for the key that the server wants", async () => {
    await using guarded = await startServer(["--api-key", "secret"]);
    await using open = await openPage(browser, guarded.url);
    const { page } = open;
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.getByRole("textbox").fill("wrong");
    await page.keyboard.press("Enter");
    await dialog.getByText("does not take this key").waitFor();
    await dialog.getByRole("textbox").fill("secret");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await send(page, "Hello!");
    expect((await complete(page)).length).toBeGreaterThan(0);
    await page.reload();
    await complete(page);
    expect(await dialog.count()).toBe(0);
    expectQuiet(open);
  });

  test("what goes wrong can be mended", async () => {
    await using open = await openPage(browser, server.url);
    const { page } = open;
    const alert = page.getByRole("alert");
    await page.route(CHAT, (route) => route.fulfill({ status: 503, headers: { "retry-after": "2" }, body: "" }));
    await send(page, "Hello!");
    await alert.waitFor();
    expect(await alert.innerText()).toContain("Try again in 2 s.");
    await page.unroute(CHAT);
    await message(page).fill("A draft.");
    await button(page, "Try again").click();
    await complete(page);
    expect([await alert.count(), await questions(page).count()]).toEqual([0, 1]);
    expect(await message(page).inputValue()).toBe("A draft.");

    await send(page, "word ".repeat(4000));
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/Shorten the message/);
    await button(page, "Dismiss").click();
    expect(await page.getByText("Not answered.").count()).toBe(1);

    await page.route(CHAT, (route) =>
      route.fulfill({ contentType: "text/event-stream", body: 'data: {"choices":[{"delta":{"content":"Half"}}]}\n\n' }),
    );
    await button(page, "Try again").click();
    expect(await complete(page)).toBe("Half");
    expect(await alert.innerText()).toMatch(/connection was lost/);
    expectQuiet(open);
  });
});
