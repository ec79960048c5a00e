import { signal } from "@preact/signals";
import { attendance } from "./attendance.ts";
import type { ProblemBody } from "./types.ts";

/** True once the server has refused this browser's session; the sign-in page takes over. */
export const signedOut = signal(false);

/** How old the data of the aggregator that answers is; null while the one that answers leads. */
export const ageMs = signal<number | null>(null);

/** An answer of the API that is not a success (RFC 9457), or no answer at all. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** When another try makes sense, where the server said so; 0 where it did not. */
  readonly retryAfterSeconds: number;

  constructor(body: ProblemBody, retryAfterSeconds = 0) {
    super(body.detail || body.title);
    this.status = body.status;
    this.code = body.code;
    this.hint = body.hint ?? "";
    this.retryAfterSeconds = retryAfterSeconds;
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

export interface Sent {
  body?: object;
  /** Names a creation, so that repeating it after a lost answer creates nothing twice. */
  key?: string;
}

/** Change something. Rejects with a Problem; resolves to null where the answer has no content. */
export async function send<T>(method: Method, path: string, { body, key }: Sent = {}): Promise<T> {
  const headers: Record<string, string> = {
    // What a page elsewhere cannot send without our consent (CSRF).
    "X-Sysmon": "1",
    ...(body && { "Content-Type": "application/json" }),
    ...(key && { "Idempotency-Key": key }),
  };
  const response = await request(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return (response.status === 204 ? null : await response.json()) as T;
}

type Method = "POST" | "PUT" | "PATCH" | "DELETE";

/** The path of a thing below a collection of the API, whatever its name is made of. */
export function pathOf(collection: string, name: string, rest = ""): string {
  return `/api/v1/${collection}/${encodeURIComponent(name)}${rest}`;
}

export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    for (const item of Array.isArray(value) ? value : [value]) params.append(key, String(item));
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

async function request(
  url: string,
  { headers = {}, ...init }: RequestInit & { headers?: Record<string, string> },
): Promise<Response> {
  const response = await fetch(url, { ...init, headers: { ...attendance(), ...headers } }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new Problem(UNREACHABLE);
    },
  );
  noteAge(response);
  if (response.ok) return response;
  const problem = new Problem(await problemOf(response), Number(response.headers.get("Retry-After")) || 0);
  if (problem.status === 401 && problem.code !== "bad_credentials") signedOut.value = true;
  throw problem;
}

/** Standbys say with every answer how old what they show is. */
function noteAge({ headers }: Response): void {
  const age = headers.get("Sysmon-Age-Ms");
  ageMs.value = age === null ? null : Number(age);
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
