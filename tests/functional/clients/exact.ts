// What the clients ask with: notes what came back, and keeps whole numbers that JavaScript can't hold.
import { keepWholeNumbers } from "./whole.ts";

declare const process: { argv: [string, string, string, string] };

export const [, , address, token] = process.argv;
export const headers = { Authorization: `Bearer ${token}` };

export interface Seen {
  accepted: string | null;
  type: string | null;
  status: number;
  retryAfter: string | null;
}

export const seen: Seen[] = [];

export async function exactFetch(input: RequestInfo | URL, options?: RequestInit): Promise<Response> {
  const response = await fetch(input, options);
  const sent = new Headers(options?.headers);
  seen.push({
    accepted: sent.get("accept"),
    type: response.headers.get("content-type"),
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
  });
  return new Response(keepWholeNumbers(await response.text()), response);
}
