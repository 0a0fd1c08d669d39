/** The page of metrics over real connections: a real HTTP client, and clients that are none. */
import { get } from "node:http";
import { type AddressInfo, createConnection, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { metricsAddressIn, openMetricsPage } from "../../src/watch/metrics-page.ts";

let server: Server;
let port: number;
beforeEach(async () => {
  server = await openMetricsPage({ host: "127.0.0.1", port: 0 }, () => "a 1\n");
  port = (server.address() as AddressInfo).port;
});
afterEach(() => void server.close());

function fetched(path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: "127.0.0.1", port, path }, (response) => {
      let body = "";
      response.on("data", (bytes) => {
        body += bytes;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    request.on("error", reject);
  });
}

/** What the server says to these bytes until it closes. */
function told(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    let text = "";
    socket.on("data", (piece) => {
      text += piece.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.write(bytes);
  });
}

test("a scraper gets the page", async () => {
  expect(await fetched("/metrics")).toEqual({ status: 200, body: "a 1\n" });
  expect(await fetched("/metrics?x=1")).toEqual({ status: 200, body: "a 1\n" });
});

test("there is no other page", async () => {
  expect((await fetched("/")).status).toBe(404);
});

test("HEAD has no body", async () => {
  const text = await told("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text).toContain("\r\nContent-Length: 4\r\n");
  expect(text.indexOf("\r\n\r\n")).toBe(text.length - 4);
});

test.each([
  ["another method", "POST /metrics HTTP/1.1\r\n\r\n", "400"],
  ["what is no HTTP", "\x16\x03\x01\r\n\r\n", "400"],
  ["a head without end", `GET /metrics HTTP/1.1\r\n${"x: y\r\n".repeat(10_000)}`, "431"],
])("%s is turned away", async (_, bytes, status) => {
  expect(await told(bytes)).toContain(`HTTP/1.1 ${status} `);
});

test("a second request on one connection is not read", async () => {
  const one = "GET /metrics HTTP/1.1\r\n\r\n";
  expect((await told(one + one)).match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test("a port that another holds is an error with a code", async () => {
  const again = openMetricsPage({ host: "127.0.0.1", port }, () => "");
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
});

describe("an address", () => {
  test.each([
    ["127.0.0.1:9464", { host: "127.0.0.1", port: 9464 }],
    ["127.9.9.9:0", { host: "127.9.9.9", port: 0 }],
    ["[::1]:9464", { host: "::1", port: 9464 }],
  ])("%s is one", (text, address) => {
    expect(metricsAddressIn(text)).toEqual(address);
  });

  test.each([
    "0.0.0.0:9464",
    "127.0.0.1",
    "127.0.0.1:70000",
    "127.0.0.999:1",
    "[::]:1",
    "10.0.0.1:1",
  ])("%s is none: nobody outside shall read it", (text) => {
    expect(metricsAddressIn(text)).toBeUndefined();
  });
});
