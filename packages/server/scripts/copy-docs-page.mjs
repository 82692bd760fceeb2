// Puts the API page's library where the server finds it and the package carries it: dist/docs, packed, because a browser
// unpacks it by itself and a user need not install 13 MB for two files.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

const require = createRequire(import.meta.url);
const folder = fileURLToPath(new URL("../dist/docs/", import.meta.url));

mkdirSync(folder, { recursive: true });
for (const name of ["swagger-ui-bundle.js", "swagger-ui.css"]) {
  const text = readFileSync(require.resolve(`swagger-ui-dist/${name}`));
  writeFileSync(`${folder}${name}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
}
for (const name of ["LICENSE", "NOTICE"]) {
  writeFileSync(`${folder}${name}`, readFileSync(require.resolve(`swagger-ui-dist/${name}`)));
}
