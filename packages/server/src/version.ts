// The package's own version, read from where npm puts it, so that it is written down once.
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** The version of @octavo/server, such as "0.1.0". */
export const version: string = manifest.version;

/** What replies carry as `system_fingerprint`. */
export const systemFingerprint = `octavo-${version}`;
