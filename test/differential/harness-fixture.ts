/**
 * Cases that harness.test.ts runs in a process of its own, with a real server in redbun's place: those under "same"
 * have to pass, each of those under "different" has to fail. Not a test file by name, so that it runs only there.
 */

import { bulk, NULL, OK, simple } from "../support/reply";
import {
  answers,
  cmd,
  differential,
  errorPrefix,
  ignore,
  matching,
  on,
  randomDifferential,
  rounded,
  sameShape,
  sameType,
  silent,
  sorted,
  sortedDeep,
  within,
} from "./harness";

differential("same", {
  setup: ["SET before 1"],
  cases: [
    ["SET k v", "GET k", "GET missing", "INCR k", "NOSUCH", "GET", "GET before"],
    ["GET k"],
    [cmd("SET", "k", new Uint8Array([0, 13, 10, 255])), "GET k", 'SET "a b" "\\x00\\n"', "GET 'a b'"],
    { name: "orders", commands: ["SADD s a b c d e f g", sorted("SMEMBERS s"), sortedDeep("SCAN 0 COUNT 1000")] },
    { name: "numbers", commands: ["SET n 3", rounded("INCRBYFLOAT n 1.1"), "EXPIRE n 100", within(5, "PTTL n")] },
    { name: "loose", commands: [sameType("TIME"), ignore("RANDOMKEY"), errorPrefix("NOSUCH a"), sameShape("HELLO")] },
    { name: "pattern", commands: [matching(/^id=\d+ /, "CLIENT INFO"), answers("GET nothing", NULL)] },
    { name: "expected", commands: [answers("SET k v", OK)] },
    { name: "connections", commands: [on("b", "SELECT 1"), "SET k v", on("b", "GET k"), on("b", "DBSIZE")] },
    { name: "both close", commands: ["QUIT", "PING"] },
    { name: "silence", commands: [silent("CLIENT REPLY OFF"), silent("SET k v"), "CLIENT REPLY ON", "GET k"] },
  ],
});

randomDifferential("random same", {
  seed: 1,
  operations: 500,
  generate: (random) => `${random.pick(["INCR", "DECR", "DEL", "GET"])} k${random.integer(0, 9)}`,
});

differential("different", {
  cases: [
    { name: "value", commands: ["SET k v", answers("GET k", bulk("w"))] },
    { name: "type", commands: [answers("PING", bulk("PONG"))] },
    { name: "null", commands: [answers("PING", NULL)] },
    { name: "reply in one protocol", commands: [answers("GET k", { resp2: NULL, resp3: OK })] },
    { name: "order", commands: ["SADD s a b", "CLIENT ID", answers("RANDOMKEY", bulk("t"))] },
    { name: "time", commands: ["SET k v", within(5, answers("TTL k", { type: "integer", value: 3n }))] },
    { name: "closed connection", commands: ["QUIT", answers("PING", simple("PONG"))] },
  ],
});

randomDifferential("random different", {
  seed: 1,
  operations: 300,
  generate: (_, index) => (index === 250 ? "TIME" : `SET k${index % 7} ${index}`),
});
