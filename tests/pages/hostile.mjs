// Hostile posts in a real browser: nothing of them runs, in any page, in any feed, nor in a reader that shows what feeds
// hold without cleaning it. FEEDWRIGHT_HOSTILE names the folder into which tests/it has written them.
import assert from "node:assert/strict";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DEADLINE, Site, browser, png, tell, until } from "./site.mjs";

const WHOLE = process.env.FEEDWRIGHT_WHOLE === "1";
/** Pages that are opened in the short version, spread over all of them. */
const PAGES = 60;
const picture = png(1);

/** As tests/support/figures.py does. */
function figure(what, done, seen) {
  console.log(`figure: ${what} | ${done} | ${seen}`);
  const path = process.env.FEEDWRIGHT_FIGURES;
  if (path) appendFileSync(path, `${JSON.stringify({ script: "hostile", what, done, seen })}\n`);
}

const shown = await browser();
const posts = join(process.env.FEEDWRIGHT_HOSTILE, "odd");
const site = await Site.start({}, "title: Hostile\nwindow: {entries: 500, max_entries: 500, max_size: 64 MiB}", posts);

/** A page on which everything that a script could do is noted. Pictures come; everything else from elsewhere is an attack. */
async function open() {
  const context = await shown.newContext();
  context.setDefaultTimeout(DEADLINE);
  const wrong = [];
  await context.route("**/*", (route) => {
    const request = route.request();
    const url = request.url();
    if (url.startsWith(site.base) || url.startsWith("file:") || url.startsWith("data:")) return route.continue();
    if (!["image", "media"].includes(request.resourceType())) wrong.push(`${request.resourceType()} from ${url}`);
    return url.endsWith(".png") ? route.fulfill({ contentType: "image/png", body: picture }) : route.abort();
  });
  const page = await context.newPage();
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("popup", (popup) => wrong.push(`window: ${popup.url()}`));
  page.on("console", (message) => {
    // What a policy had to forbid should not have been there.
    if (/Content Security Policy/.test(message.text())) wrong.push(`forbidden: ${message.text()}`);
  });
  return { page, context, wrong };
}

async function close({ page, context, wrong }, where) {
  assert.equal(await page.evaluate("window.pwned ?? 0"), 0, where);
  await context.close();
  assert.deepEqual(wrong, [], where);
}

/** A page without any policy, into which HTML is put as it comes. */
async function careless() {
  const tab = await open();
  await tab.page.goto("about:blank");
  tab.show = (texts) =>
    tab.page.evaluate(async (texts) => {
      for (const text of texts) {
        document.body.innerHTML = text;
        for (const element of document.body.querySelectorAll("*")) {
          for (const kind of ["click", "mouseover", "focus", "toggle", "animationstart"]) element.dispatchEvent(new Event(kind, { bubbles: true }));
          if (element.tagName === "DETAILS") element.open = true;
        }
        // Pictures that come or fail tell their handlers in a task of their own.
        await new Promise((later) => setTimeout(later, 5));
      }
      await new Promise((later) => setTimeout(later, 300));
    }, texts);
  return tab;
}

const tests = {
  async "the trap closes"() {
    const tab = await careless();
    await tab.show(["<img src=https://e.example/x onerror='window.pwned=1'>"]);
    assert.equal(await tab.page.evaluate("window.pwned"), 1);
    await tab.show(["<img src=https://e.example/y onerror=alert(1)>", "<iframe src=https://evil.example/></iframe>"]);
    await until("noticed", () => tab.wrong.some((what) => what.startsWith("dialog")) && tab.wrong.some((what) => what.startsWith("document")));
    await tab.context.close();
  },

  async "pages run nothing of posts"() {
    const seen = new Set();
    const queue = [""];
    while (queue.length) {
      const path = queue.shift();
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await fetch(site.base + path);
      if (!response.headers.get("content-type")?.startsWith("text/html")) continue;
      assert.match(response.headers.get("content-security-policy"), /default-src 'none'/);
      for (const [, link] of (await response.text()).matchAll(/href="([^"]+)"/g)) {
        const url = new URL(link.replaceAll("&amp;", "&"), site.base + path);
        if (url.href.startsWith(site.base) && url.pathname.endsWith("/")) queue.push(url.pathname.slice(1) + url.search);
      }
    }
    const all = [...seen];
    const chosen = WHOLE ? all : all.filter((_, index) => index % Math.ceil(all.length / PAGES) === 0);
    const tab = await open();
    for (const path of chosen) {
      const response = await tab.page.goto(site.base + path, { waitUntil: "load" });
      assert.equal(response.status(), 200, path);
      const inside = await tab.page.evaluate(() => ({
        pwned: window.pwned ?? 0,
        scripts: [...document.scripts].filter((script) => !script.src.startsWith(location.origin)).length,
        handlers: [...document.querySelectorAll("*")].flatMap((element) => [...element.attributes].map((attribute) => attribute.name)).filter((name) => name.startsWith("on")),
        links: [...document.querySelectorAll("[href]")].map((element) => element.href).filter((href) => /^(javascript|data|vbscript|file):/i.test(href)),
      }));
      assert.deepEqual(inside, { pwned: 0, scripts: 0, handlers: [], links: [] }, path);
    }
    await close(tab, "pages");
    figure("hostile posts in Chromium, pages", `${chosen.length} of ${all.length} pages`, "nothing runs, nothing is fetched but pictures");
  },

  async "feeds shown without cleaning run nothing"() {
    const feed = await (await fetch(`${site.base}feed.json`)).json();
    const bodies = feed.items.map((item) => item.content_html);
    assert.ok(bodies.length > 150, `${bodies.length} entries`);
    const xml = await Promise.all(["rss.xml", "atom.xml"].map(async (name) => (await fetch(site.base + name)).text()));
    const tab = await careless();
    // Of what a format takes for HTML, and RSS's titles, which many readers take for it.
    const found = await tab.page.evaluate((documents) => {
      const names = ["description", "encoded", "content"];
      return documents.flatMap((text) => {
        const parsed = new DOMParser().parseFromString(text, "application/xml");
        const all = [...parsed.getElementsByTagName("*")];
        return all.filter((element) => names.includes(element.localName) || (element.localName === "title" && !element.getAttribute("type") && parsed.documentElement.localName === "rss")).map((element) => element.textContent);
      });
    }, xml);
    assert.ok(found.length > 2 * bodies.length, `${found.length} texts`);
    await tab.show([...bodies, ...found]);
    await close(tab, "a reader that cleans nothing");
    figure("hostile posts in Chromium, feeds", `${bodies.length} entries as HTML, from JSON, RSS and Atom`, "nothing runs in a page without a policy");
  },

  async "feed files run nothing when a browser opens them"() {
    const tab = await open();
    const out = join(site.folder, "out");
    const names = readdirSync(out, { recursive: true }).filter((name) => /\.(xml|json)$/.test(name));
    const chosen = WHOLE ? names : names.filter((_, index) => index % Math.ceil(names.length / 40) === 0);
    for (const name of chosen) {
      // From the disk, where no header forbids anything.
      await tab.page.goto(pathToFileURL(join(out, name)).href);
    }
    for (const name of ["rss.xml", "atom.xml", "feed.json", "opml.xml"]) await tab.page.goto(`${site.base}${name}?raw`);
    await close(tab, "feed files");
    figure("hostile posts in Chromium, files", `${chosen.length} of ${names.length} documents opened from the disk`, "nothing runs");
  },
};

await tell(tests, [() => shown.close(), () => site.stop()]);
