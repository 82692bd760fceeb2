// `npm start`: makes the clone ready, then serves the embedded model. Arguments after `--` go to `octavo serve`.
import { bootstrap } from "./bootstrap.mjs";

bootstrap();
process.argv.splice(1, process.argv.length - 1, "octavo", "serve", ...process.argv.slice(2));
await import("../packages/server/dist/cli.js");
