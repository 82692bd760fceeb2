// What one step in flight needs on the host: the plan that the scheduler writes and the tokens that come back.
import { type Backend, type DeviceEvent, type PlanLayout, StepPlan, type Tensor, tensor } from "@octavo/core";
import { HostLogprobs } from "./logprob-rows.js";
import { HostNamedLogprobs } from "./named-logprobs.js";

/** Memory that the device copies from and to; free again when `done` has been waited for. */
export class StepSlot {
  readonly plan: StepPlan;
  readonly planTensor: Tensor;
  /** int32 [maxSamples], valid after `done.wait()` */
  readonly tokens: Int32Array;
  readonly tokensTensor: Tensor;
  /** Of the sampled tokens and of the prompts' tokens, where the plan wants them; valid as `tokens` are. */
  readonly sampledLogprobs: HostLogprobs;
  readonly promptLogprobs: HostLogprobs;
  readonly namedLogprobs: HostNamedLogprobs;
  readonly done: DeviceEvent;

  constructor(backend: Backend, layout: PlanLayout) {
    this.planTensor = hostInts(backend, layout.totalWords);
    this.plan = new StepPlan(layout, intsOf(this.planTensor));
    this.tokensTensor = hostInts(backend, layout.capacity.maxSamples);
    this.tokens = intsOf(this.tokensTensor);
    this.sampledLogprobs = new HostLogprobs(backend);
    this.promptLogprobs = new HostLogprobs(backend);
    this.namedLogprobs = new HostNamedLogprobs(backend);
    this.done = backend.createEvent();
  }

  dispose(): void {
    this.done.dispose();
    this.sampledLogprobs.dispose();
    this.promptLogprobs.dispose();
    this.namedLogprobs.dispose();
    this.planTensor.storage.dispose();
    this.tokensTensor.storage.dispose();
  }
}

function hostInts(backend: Backend, length: number): Tensor {
  return tensor("int32", [length], backend.allocateHost(4 * length));
}

function intsOf(t: Tensor): Int32Array {
  const bytes = t.storage.bytes!;
  return new Int32Array(bytes.buffer, bytes.byteOffset, t.shape[0]);
}
