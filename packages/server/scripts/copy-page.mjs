// Puts the chat page, which apps/playground built, where the server finds it and the package carries it: dist/page.
import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
cpSync(`${packageFolder}../../apps/playground/dist`, `${packageFolder}dist/page`, { recursive: true });
