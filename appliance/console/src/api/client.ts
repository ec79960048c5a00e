import { signal } from "@preact/signals";
import type { ProblemBody } from "./types.ts";

/** True once the server has refused this browser's session; the sign-in page takes over. */
export const signedOut = signal(false);

/** An answer of the API that is not a success (RFC 9457), or no answer at all. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(body: ProblemBody) {
    super(body.detail || body.title);
    this.status = body.status;
    this.code = body.code;
    this.hint = body.hint ?? "";
  }
}

const UNREACHABLE: ProblemBody = {
  title: "The aggregator does not answer.",
  status: 0,
  code: "unreachable",
  hint: "Check that it runs: make up",
};

export type Query = Readonly<Record<string, string | number | readonly string[]>>;

/** Fetch a resource of the API. Rejects with a Problem, or with AbortError when `signal` was aborted. */
export async function get<T>(path: string, query: Query = {}, abort?: AbortSignal): Promise<T> {
  const response = await request(withQuery(path, query), abort ? { signal: abort } : {});
  return (await response.json()) as T;
}

export async function signOut(): Promise<void> {
  // The header is what a page elsewhere cannot send without our consent (CSRF).
  await request("/api/v1/session", { method: "DELETE", headers: { "X-Sysmon": "1" } });
  signedOut.value = true;
}

export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    for (const item of Array.isArray(value) ? value : [value]) params.append(key, String(item));
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(UNREACHABLE);
  });
  if (response.ok) return response;
  if (response.status === 401) signedOut.value = true;
  throw new Problem(await problemOf(response));
}

async function problemOf(response: Response): Promise<ProblemBody> {
  const plain = {
    title: `The aggregator answered ${response.status}.`,
    status: response.status,
    code: "http",
  };
  return response.json().then(
    (body: Partial<ProblemBody>) => ({ ...plain, ...body }),
    () => plain,
  );
}
