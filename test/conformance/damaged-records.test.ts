// A plan with wrong records is an error on the CPU backend, before anything is written.
import { damageCases, runDamageCase } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { afterAll, expect, test } from "vitest";

const backend = createBackend({ numThreads: 1 });
afterAll(() => backend.dispose());

test.each(damageCases.map((damageCase) => [damageCase.name, damageCase] as const))("%s", (_name, damageCase) => {
  const { message, damage } = runDamageCase(damageCase, backend);
  expect(message).toMatch(/record|history|edit|allowed|sampled token/);
  expect(damage).toEqual([]);
});

test("the same plan without damage is none", () => {
  expect(runDamageCase({ name: "as it should be" }, backend)).toEqual({ message: undefined, damage: [] });
});
