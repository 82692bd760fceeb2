// What the fairness policy keeps of a tenant.
import { RequestQueue } from "../request-queue.js";

export class Tenant {
  readonly id: number;
  /** Service it got, in weighted tokens, and what it was lifted over while it asked for none. */
  counter = 0;
  /** Its requests that wait, in order of arrival. */
  readonly queue = new RequestQueue();
  /** Its requests, running or waiting. */
  live = 0;
  /** Where the heap of tenants has it; `counter` may have grown since. */
  key = 0;

  constructor(id: number) {
    this.id = id;
  }
}
