/**
 * Serves GET /metrics to Prometheus, on `metrics-port` of the addresses of `bind`. Nothing else is there. As for clients,
 * in protected mode only this machine gets an answer; there is no password.
 */

import { EXPOSITION_TYPE, expositionText } from "../admin/exposition/exposition";
import type { Gate } from "./gate";
import { type Listener, listenTarget } from "./listener";

const PATH = "/metrics";
const PLAIN = { "content-type": "text/plain; charset=utf-8" };

/** Listens on one address, in the form of `bind`. Throws as listenTcp does. */
export function listenMetrics(gate: Gate, address: string, port: number): Listener {
  const server = Bun.serve({
    ...listenTarget(address),
    port,
    development: false,
    // Without this a second server would share the port unnoticed, and every other scrape go to it.
    reusePort: false,
    fetch: (request, serving) => answer(gate, request, serving.requestIP(request)?.address ?? ""),
    error: (error) => {
      // Figures that cannot be told are no reason to end the server.
      gate.server.log.warning(`Error in the answer to a request for metrics: ${error.message}`);
      return new Response("the metrics are not available\n", { status: 500, headers: PLAIN });
    },
  });
  // What is kept alive for another scrape would go on to be answered.
  return { port: server.port as number, fd: -1, stop: () => void server.stop(true) };
}

function answer(gate: Gate, request: Request, address: string): Response {
  const refusal = gate.refuseAddress(address);
  if (refusal !== null) return new Response(refusal, { status: 403, headers: PLAIN });
  if (new URL(request.url).pathname !== PATH) {
    return new Response(`there is nothing here but ${PATH}\n`, { status: 404, headers: PLAIN });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("GET it\n", { status: 405, headers: { ...PLAIN, allow: "GET, HEAD" } });
  }
  return new Response(expositionText(gate.server), { headers: { "content-type": EXPOSITION_TYPE } });
}
