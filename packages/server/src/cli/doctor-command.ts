// `octavo doctor`: its flags, and the facts that it judges.
import { Command } from "commander";
import { version } from "../version.js";

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("what this machine has for Octavo, what is missing, and how to get it")
    .option("--json", "the same as JSON, for bug reports and programs")
    .action(runDoctor)
    .addHelpText(
      "after",
      `
Exit code 1 when something stands in the way of running models.

Examples:
  octavo doctor
  octavo doctor --json > doctor.json`,
    );
}

async function runDoctor({ json }: { json?: boolean }): Promise<void> {
  const [{ diagnose, formatChecks }, { hubFacts }, { describeMachine }, { defaultModelFolder }, { describeBackends }] =
    await Promise.all([
      import("./doctor.js"),
      import("./hub-facts.js"),
      import("./machine.js"),
      import("../default-model.js"),
      import("@octavo/engine"),
    ]);
  const backends = await describeBackends();
  const checks = diagnose({
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    machine: describeMachine(),
    backends,
    defaultModel: await defaultModelFolder().catch(() => null),
    versions: { "@octavo/server": version },
    hub: hubFacts(process.env),
  });
  process.stdout.write(json ? `${JSON.stringify(checks, null, 2)}\n` : formatChecks(checks));
  if (checks.some(({ status }) => status === "problem")) process.exitCode = 1;
}
