// One stream of server-sent events per tab. The browser's own EventSource gives up after an error answer, so the
// retry is ours; after every loss the pages load again what they show, because events in between were missed.

import { signal } from "@preact/signals";
import { signedOut, withQuery } from "./client.ts";
import { loadSession } from "./session.ts";
import type { FleetEvent, TicksEvent } from "./types.ts";

export type Connection = "connecting" | "open" | "lost";

export interface Listener {
  fleet?(event: FleetEvent): void;
  ticks?(event: TicksEvent): void;
  /** What was loaded before may be incomplete: the stream is back after a loss, or the server has read in the past. */
  restored?(): void;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;

export class Live {
  readonly connection = signal<Connection>("connecting");
  /** When the last event arrived, by this browser's clock. */
  readonly heardAt = signal(Date.now());

  private readonly listeners = new Set<Listener>();
  private source: EventSource | null = null;
  private host: string | null = null;
  private retryMs = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wasLost = false;

  /** Hear events until the returned function is called. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (!this.source && this.timer === undefined) this.open();
    return () => this.listeners.delete(listener);
  }

  /** Hear `ticks` of this host besides `fleet`; null for the fleet alone. */
  watch(host: string | null): void {
    if (host === this.host) return;
    this.host = host;
    this.open();
  }

  private open(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.source?.close();
    const source = new EventSource(withQuery("/api/v1/events", this.host ? { host: this.host } : {}));
    this.source = source;
    source.onopen = () => this.opened();
    source.onerror = () => this.failed(source);
    source.addEventListener("fleet", ({ data }) => {
      const event: FleetEvent = JSON.parse(data);
      this.tell((listener) => listener.fleet?.(event));
    });
    source.addEventListener("ticks", ({ data }) => {
      const event: TicksEvent = JSON.parse(data);
      this.tell((listener) => listener.ticks?.(event));
    });
    source.addEventListener("past", () => this.tell((listener) => listener.restored?.()));
  }

  private opened(): void {
    this.connection.value = "open";
    this.heardAt.value = Date.now();
    this.retryMs = FIRST_RETRY_MS;
    if (this.wasLost) this.tell((listener) => listener.restored?.());
    this.wasLost = false;
  }

  private tell(hand: (listener: Listener) => void): void {
    this.heardAt.value = Date.now();
    for (const listener of this.listeners) hand(listener);
  }

  private failed(source: EventSource): void {
    if (source !== this.source) return;
    source.close();
    this.source = null;
    this.connection.value = "lost";
    this.wasLost = true;
    this.timer = setTimeout(() => void this.retry(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  /** EventSource hides the status of a refusal; asking for the session tells a sign-out from an outage. */
  private async retry(): Promise<void> {
    await loadSession();
    if (!signedOut.value) this.open();
  }
}

export const live = new Live();
