// A running daemon on a temporary folder, and a browser to look at it.
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";

// ES modules ignore NODE_PATH, where tests/run puts packages.
const require = createRequire(join(process.env.NODE_PATH ?? process.cwd(), "x.js"));
export const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;

export const DEADLINE = 30_000;

/** Writes posts (path → text) and a configuration, and runs the program on them. */
export class Site {
  static async start(posts, configuration = "", examples) {
    const site = new Site();
    site.folder = mkdtempSync(join(tmpdir(), "feedwright-pages-"));
    site.posts = examples ?? join(site.folder, "posts");
    mkdirSync(site.posts, { recursive: true });
    for (const [path, text] of Object.entries(posts)) site.write(path, text);
    const yaml = `output: out\nstate: state\n${configuration}\nposts:\n  - path: ${site.posts}\n    timezone: Asia/Shanghai\n`;
    writeFileSync(join(site.folder, "feedwright.yaml"), yaml);
    const args = ["run", "-c", "feedwright.yaml", "--listen", "127.0.0.1:0"];
    site.process = spawn(process.env.FEEDWRIGHT, args, { cwd: site.folder, stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    site.port = await new Promise((found, failed) => {
      const late = setTimeout(() => failed(new Error(`not started: ${log}`)), DEADLINE);
      site.process.on("exit", () => failed(new Error(`ended: ${log}`)));
      site.process.stderr.on("data", (data) => {
        log += data;
        const line = log.match(/ on 127\.0\.0\.1:(\d+)/);
        if (line) {
          clearTimeout(late);
          found(Number(line[1]));
        }
      });
    });
    site.base = `http://127.0.0.1:${site.port}/`;
    await until("ready", async () => (await fetch(`${site.base}readyz`)).status === 200);
    return site;
  }

  write(path, text) {
    const file = join(this.posts, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  async stop() {
    const ended = new Promise((done) => this.process.on("exit", done));
    this.process.kill("SIGTERM");
    await ended;
    rmSync(this.folder, { recursive: true });
  }
}

/** Waits until something holds. */
export async function until(what, holds) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > end) throw new Error(`too late: ${what}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}

/** A server for the pictures of posts, on a port of its own; what ends in `broken.png` is not there. */
export async function pictures() {
  const server = createServer((request, response) => {
    if (request.url.endsWith("broken.png")) {
      response.writeHead(404).end();
      return;
    }
    const seed = [...request.url].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, 7);
    response.writeHead(200, { "Content-Type": "image/png" }).end(png(seed));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { base: `http://127.0.0.1:${server.address().port}/`, stop: () => new Promise((done) => server.close(done)) };
}

/** A picture of hills at some hour of the day. */
export function png(seed) {
  const [width, height] = [360, 240];
  const random = () => ((seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32);
  const skies = [[[255, 221, 180], [120, 160, 220]], [[250, 160, 130], [70, 70, 130]], [[200, 230, 245], [60, 130, 200]], [[30, 50, 90], [8, 12, 30]]];
  const [low, high] = skies[Math.floor(random() * skies.length)];
  const sun = [random() * width, height * (0.2 + 0.3 * random()), 14 + 14 * random()];
  const hills = [0, 1, 2].map((n) => ({ at: height * (0.55 + 0.15 * n), wave: 20 + 15 * random(), long: 40 + 60 * random(), shift: 9 * random(), shade: 0.62 - 0.18 * n }));
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let color = low.map((c, i) => c + (high[i] - c) * (1 - y / height));
      if (Math.hypot(x - sun[0], y - sun[1]) < sun[2]) color = [255, 244, 214];
      for (const hill of hills) {
        if (y > hill.at + hill.wave * Math.sin(x / hill.long + hill.shift)) color = low.map((c, i) => (c * 0.35 + high[i] * 0.65) * hill.shade);
      }
      color.forEach((c, i) => (rows[y * (1 + 3 * width) + 1 + 3 * x + i] = c));
    }
  }
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    let sum = 0xffffffff;
    for (const byte of body) sum = table[(sum ^ byte) & 255] ^ (sum >>> 8);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length);
    frame.writeUInt32BE((sum ^ 0xffffffff) >>> 0, 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** The browser of the system. */
export async function browser() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** Runs tests by their names, those that the first argument names a part of, then `ends`; ends the program. */
export async function tell(tests, ends) {
  let failed = 0;
  try {
    for (const [name, test] of Object.entries(tests)) {
      if (process.argv[2] && !name.includes(process.argv[2])) continue;
      try {
        await test();
        console.log(`ok: ${name}`);
      } catch (error) {
        failed += 1;
        console.error(`FAILED: ${name}\n${error.stack ?? error}`);
      }
    }
  } finally {
    for (const end of ends) await end();
  }
  process.exit(failed ? 1 : 0);
}
