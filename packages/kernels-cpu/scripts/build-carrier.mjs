// Builds a prebuilt carrier: an npm package that holds the addon for one platform and nothing else, so that users need no
// compiler. node scripts/build-carrier.mjs [x64|arm64] [FOLDER]
// Zig's compiler links against an old glibc and for other processors; without it the carrier is this machine's compiler's.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Of Debian 10, RHEL 8, Ubuntu 20.04 and Node 20's own builds. */
const GLIBC = "2.28";
const PROCESSORS = { x64: "x86_64", arm64: "aarch64" };

/** The command that runs zig, as its words; null where there is none. */
function findZig() {
  const candidates = [process.env.ZIG ? [process.env.ZIG] : [], ["zig"], ["python3", "-m", "ziglang"]];
  return (
    candidates.find(([command, ...args]) => command && spawnSync(command, [...args, "version"]).status === 0) ?? null
  );
}

/** A cmake toolchain for zig. A compiler must be one file, so zig's words go into a script. */
function writeToolchain(build, zig, processor) {
  const compiler = join(build, "zig-c++");
  const words = [...zig, "c++", "-target", `${processor}-linux-gnu.${GLIBC}`].map((word) => `'${word}'`);
  writeFileSync(compiler, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`, { mode: 0o755 });
  const toolchain = join(build, "toolchain.cmake");
  const lines = [
    "set(CMAKE_SYSTEM_NAME Linux)",
    `set(CMAKE_SYSTEM_PROCESSOR ${processor})`,
    `set(CMAKE_CXX_COMPILER ${compiler})`,
  ];
  writeFileSync(toolchain, `${lines.join("\n")}\n`);
  return toolchain;
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed (${status})`);
}

/** @returns the carrier's folder */
export function buildCarrier(arch, carriers) {
  const processor = PROCESSORS[arch];
  if (!processor)
    throw new Error(`there is no carrier for "${arch}", only for ${Object.keys(PROCESSORS).join(" and ")}`);
  const zig = findZig();
  if (!zig && arch !== process.arch)
    throw new Error(`a carrier for ${arch} needs zig (pip install ziglang, or set ZIG)`);
  const build = join(ROOT, "build", `carrier-${arch}`);
  mkdirSync(build, { recursive: true });
  const toolchain = zig ? [`-DCMAKE_TOOLCHAIN_FILE=${writeToolchain(build, zig, processor)}`] : [];
  if (!zig) console.error("@octavo/kernels-cpu: no zig: the carrier needs the glibc of this machine or a later one");
  const headers = createRequire(import.meta.url)("node-api-headers").include_dir;
  const link = "-DCMAKE_SHARED_LINKER_FLAGS=-s";
  run("cmake", ["-S", ".", "-B", build, "-DCMAKE_BUILD_TYPE=Release", `-DCMAKE_JS_INC=${headers}`, link, ...toolchain]);
  run("cmake", ["--build", build, "--parallel", "2"]);

  const { version, license, repository, engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const name = `@octavo/kernels-cpu-linux-${arch}`;
  const folder = join(carriers, `kernels-cpu-linux-${arch}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(build, "octavo_cpu.node"), join(folder, "octavo_cpu.node"));
  cpSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  const description = `The addon of @octavo/kernels-cpu for Linux on ${arch}. Installed by it; not for use by itself.`;
  writeFileSync(join(folder, "README.md"), `# ${name}\n\n${description}\n`);
  const platform = { os: ["linux"], cpu: [arch], libc: ["glibc"] };
  const manifest = { name, version, description, license, repository, engines, ...platform, main: "octavo_cpu.node" };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [arch = process.arch, carriers = join(ROOT, "build")] = process.argv.slice(2);
    console.log(buildCarrier(arch, resolve(dirname(process.argv[1]), carriers)));
  } catch (error) {
    console.error(`@octavo/kernels-cpu: ${error.message}`);
    process.exitCode = 1;
  }
}
