// A real browser for tests of the chat page, and contexts that let nothing leave the machine.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

/** OCTAVO_CHROMIUM, or what distributions install; undefined where there is none. */
export const browserPath = process.env.OCTAVO_CHROMIUM || PLACES.find((path) => existsSync(path));

export function launchBrowser(): Promise<Browser> {
  // Chromium's sandbox does not run as root, which containers are.
  const args = process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"];
  return chromium.launch({ executablePath: browserPath!, args });
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Requests to anywhere but the server, all of which were refused. */
  readonly strayRequests: readonly string[];
  /** Uncaught errors, violations of the content security policy, failures that the page did not expect. */
  readonly complaints: readonly string[];
}

/** The page of `url` in a fresh profile. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  context.setDefaultTimeout(10_000);
  const strayRequests: string[] = [];
  const complaints: string[] = [];
  await context.route("**/*", (route) => {
    const address = route.request().url();
    if (new URL(address).origin === url) return route.continue();
    strayRequests.push(address);
    return route.abort();
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const expected = /status of (400|401|503)/.test(message.text());
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, strayRequests, complaints, [Symbol.asyncDispose]: () => context.close() };
}
