// Takes the pictures under docs/: the main page of the sample posts, wide and narrow. Not part of a test run:
//   SCREENSHOTS=docs FEEDWRIGHT=target/debug/feedwright NODE_PATH=target/npm/node_modules node tests/pages/screenshots.mjs
import { join } from "node:path";
import { Site, browser, png } from "./site.mjs";

const folder = process.env.SCREENSHOTS;
if (!folder) {
  console.log("SCREENSHOTS names no folder: nothing is taken");
  process.exit(0);
}
const schemes = process.env.SCHEMES?.split(",") ?? ["light"];
const pages = process.env.PAGES?.split(",") ?? [""];
const site = await Site.start({}, "title: Sample posts\ndescription: Everything in examples/posts, newest first", join(import.meta.dirname, "../../examples/posts"));
const chromium = await browser();
try {
  for (const scheme of schemes) {
    for (const [name, width, height] of [["wide", 1280, 900], ["narrow", 390, 844]]) {
      const context = await chromium.newContext({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: name === "narrow" ? 2 : 1, hasTouch: name === "narrow", isMobile: name === "narrow" });
      // The pictures of the samples are on hosts that do not exist.
      await context.route(/\.(jpg|png|webp)$/, (route) => route.fulfill({ contentType: "image/png", body: png([...route.request().url()].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, 7)) }));
      for (const path of pages) {
        const page = await context.newPage();
        await page.goto(site.base + path, { waitUntil: "networkidle" });
        const file = ["pages", path.replaceAll(/[^\p{L}\d]+/gu, "-").replace(/-$/, ""), name, scheme === "light" ? "" : scheme].filter(Boolean).join("-");
        await page.screenshot({ path: join(folder, `${file}.png`), fullPage: Boolean(process.env.FULL) });
        await page.close();
      }
      await context.close();
    }
  }
} finally {
  await chromium.close();
  await site.stop();
}
