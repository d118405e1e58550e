// What a person does with the pages, in a real browser: reads, follows, searches, copies, subscribes; by keyboard, on a
// phone, in the dark, and with hostile posts.
import assert from "node:assert/strict";
import { DEADLINE, Site, axeSource, browser, pictures, tell, until } from "./site.mjs";

const images = await pictures();
const shown = await browser();
const HOSTILE = `"'><img src=x onerror="window.hacked=1;alert(1)"><script>window.hacked=1;alert(1)</script></title></style></textarea>`;
const yaml = (text) => `'${text.replaceAll("'", "''")}'`;

function post({ title, categories, date, author = "知乎", image, extra = "", body = "" }) {
  const head = image ? `headimg: '${images.base}${image}'\n` : "";
  return `\n---\ntitle: ${yaml(title)}\ncategories: ${categories}\nauthor: ${yaml(author)}\n${head}date: ${date}\n${extra}---\n\n<div>${body || `<p>${title}的正文。</p>`}</div>\n`;
}

const posts = {};
for (let number = 0; number < 64; number++) {
  const minutes = 23 * 60 - number;
  const date = `2024-05-01 ${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:00`;
  const image = [`${number}.png`, "broken.png", undefined][number % 3];
  posts[`知乎/${number}.md`] = post({ title: `第 ${number} 条热榜：夜行公交`, categories: "[社交媒体, 知乎, 知乎热榜]", date, image, extra: "tags: [热榜, 交通]\n" });
}
posts["en.md"] = post({ title: "Ownership & borrowing <3", categories: "[Programming, Rust]", author: "Ada", date: "2024-05-02 08:00:00", extra: "language: en\n", body: "<h2>Values</h2><p>Every value has one <a href='https://example.org/'>owner</a>.</p><pre><code>let a = 1;</code></pre><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>" });
posts["he.md"] = post({ title: "שלום עולם", categories: "[عربي]", author: "Ada", date: "2024-05-02 07:00:00", extra: "language: he\n", image: "rtl.png" });
posts["hostile.md"] = post({
  title: `Hostile ${HOSTILE}`, categories: `[[${yaml(HOSTILE)}, ${yaml(`x${HOSTILE}`)}], [社交媒体]]`, author: HOSTILE, date: "2024-05-02 09:00:00",
  extra: `tags: [${yaml(HOSTILE)}]\nexcerpt: ${yaml(HOSTILE)}\nlink: ${yaml(`javascript:alert(1)//${HOSTILE}`)}\n`,
  body: `${HOSTILE}<svg onload=alert(1)></svg><a href="javascript:alert(1)">x</a><iframe srcdoc="<script>alert(1)</script>"></iframe><form action="https://evil.example/"><button>b</button></form><base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example/">`,
});
posts["hostile-2.md"] = post({ title: `Second ${HOSTILE}`, categories: `[${yaml(HOSTILE)}]`, author: HOSTILE, date: "2024-05-02 08:30:00", extra: `tags: [${yaml(HOSTILE)}]\n` });
posts["bad/<script>alert(1)<script>.md"] = "---\ntitle: [\n---\n";

const site = await Site.start(posts, "title: 我的订阅\nlanguage: zh-CN\nsearch: text");
await until("all posts", async () => (await (await fetch(`${site.base}status.json`)).json()).posts.published === 68);

/** A page on which everything that must not happen is noted. */
async function open(options = {}) {
  const context = await shown.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => {
    // A picture that is not there is the post's affair.
    if (["error", "warning"].includes(message.type()) && !message.location().url.startsWith(images.base)) wrong.push(`console: ${message.text()} ${message.location().url} on ${page.url()}`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = request.url();
    const isPicture = request.resourceType() === "image" && url.startsWith(images.base);
    if (isPicture && request.headers().referer) wrong.push(`referrer to ${url}`);
    if (!isPicture && !url.startsWith(site.base)) wrong.push(`off host: ${url}`);
  });
  return { page, context, wrong };
}

async function close({ page, context, wrong }) {
  assert.equal(await page.evaluate("window.hacked ?? 0"), 0);
  await context.close();
  assert.deepEqual(wrong, []);
}

const tests = {
  async "a reader follows a category, turns pages and comes back"() {
    const tab = await open();
    const { page } = tab;
    await page.goto(site.base);
    assert.equal(await page.title(), "我的订阅");
    assert.equal(await page.locator("article").count(), 30);
    await page.getByRole("navigation", { name: "分类" }).getByRole("link", { name: /^社交媒体/ }).click();
    assert.equal(await page.locator("h1").textContent(), "社交媒体");
    assert.match(await page.locator(".hint").textContent(), /最新 50 篇文章/);
    await page.getByRole("link", { name: "较早的文章" }).click();
    assert.match(page.url(), /page\/2\/$/);
    await page.getByRole("link", { name: "较早的文章" }).click();
    assert.match(page.url(), /page\/3\/$/);
    assert.equal(await page.locator("article").count(), 5);
    assert.match(await page.locator("article .summary").last().textContent(), /第 63 条热榜：夜行公交的正文/);
    assert.equal(await page.getByRole("link", { name: "较早的文章" }).count(), 0);
    await page.getByRole("link", { name: "较新的文章" }).click();
    await page.getByRole("link", { name: "较新的文章" }).click();
    assert.doesNotMatch(page.url(), /page/);
    assert.equal((await fetch(`${page.url()}page/4/`)).status, 404);
    await close(tab);
  },

  async "two Chinese characters are found, in titles and in texts"() {
    const tab = await open();
    const { page } = tab;
    await page.goto(site.base);
    await page.getByRole("searchbox").fill("公交");
    await page.keyboard.press("Enter");
    await page.waitForURL(/search/);
    assert.match(await page.locator("main > p").first().textContent(), /找到 64 篇文章/);
    assert.equal(await page.locator("h2 mark").first().textContent(), "公交");
    await page.getByRole("link", { name: "较早的文章" }).click();
    assert.equal(await page.getByRole("searchbox").inputValue(), "公交");
    assert.equal(await page.locator("article").count(), 30);
    await until("texts", async () => {
      await page.goto(`${site.base}search/?q=${encodeURIComponent("one owner")}`);
      return (await page.locator("article h2").allTextContents()).join() === "Ownership & borrowing <3";
    });
    await page.getByRole("searchbox").fill(HOSTILE.slice(0, 100));
    await page.getByRole("button", { name: "搜索" }).click();
    assert.equal(await page.getByRole("searchbox").inputValue(), HOSTILE.slice(0, 100));
    await close(tab);
  },

  async "the address of a feed is copied, and is the feed's"() {
    const tab = await open({ permissions: ["clipboard-read", "clipboard-write"] });
    const { page } = tab;
    for (const path of ["", "categories/社交媒体/", "categories/社交媒体/page/2/"]) {
      await page.goto(site.base + path);
      const addresses = [];
      for (const button of await page.locator(".feeds button").all()) {
        assert.equal(await button.isVisible(), true);
        await button.click();
        await until("copied", async () => (await page.getByRole("status").textContent()).startsWith("已复制"));
        addresses.push(await page.evaluate("navigator.clipboard.readText()"));
        await until("said no more", async () => (await page.getByRole("status").textContent()) === "");
      }
      const folder = site.base + encodeURI(path.replace("page/2/", ""));
      assert.deepEqual(addresses, ["rss.xml", "atom.xml", "feed.json"].map((name) => folder + name));
      const alternates = await page.locator("link[rel=alternate]").evaluateAll((links) => links.map((link) => [link.href, link.type]));
      assert.deepEqual(alternates.map(([href]) => href), addresses);
      for (const [href, type] of alternates) {
        const response = await fetch(href);
        assert.equal(response.status, 200);
        assert.ok(response.headers.get("content-type").startsWith(type), `${href}: ${type}`);
      }
    }
    await close(tab);
  },

  async "without the clipboard the older way copies"() {
    const tab = await open();
    const { page } = tab;
    await page.addInitScript("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    await page.goto(site.base);
    await page.evaluate("document.addEventListener('copy', () => (window.copied = document.activeElement.value))");
    await page.locator(".feeds button").first().click();
    await until("copied", async () => (await page.evaluate("window.copied")) === `${site.base}rss.xml`);
    assert.equal(await page.locator("textarea").count(), 0);
    await close(tab);
  },

  async "the keyboard reaches search, feeds and the first entry, in this order"() {
    const tab = await open();
    const { page } = tab;
    await page.goto(site.base);
    const stops = [];
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const found = document.activeElement;
        const box = found.getBoundingClientRect();
        const style = getComputedStyle(found);
        const name = found.matches(".skip") ? "skip" : found.matches("#q") ? "search" : found.matches(".feeds a") ? "feed" : found.matches(".feeds button") ? "copy" : found.matches("article h2 a") ? "entry" : found.localName;
        return { name, seen: box.width > 0 && box.top >= 0 && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
      });
      assert.ok(stop.seen, `the focus on ${stop.name} is not seen`);
      stops.push(stop.name);
      if (stop.name === "entry") break;
    }
    const order = ["skip", "search", "feed", "copy", "entry"].map((name) => stops.indexOf(name));
    assert.ok(order.every((at, n) => at >= 0 && at > (order[n - 1] ?? -1)), stops.join());
    await page.goto(site.base);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "content");
    await close(tab);
  },

  async "without scripts everything reads and nothing dead is shown"() {
    const tab = await open({ javaScriptEnabled: false });
    const { page } = tab;
    await page.goto(site.base);
    assert.equal(await page.locator("article").count(), 30);
    assert.equal(await page.locator(".feeds button").first().isVisible(), false);
    assert.equal(await page.locator(".feeds a").first().getAttribute("href"), "rss.xml");
    await page.getByRole("searchbox").fill("公交");
    await page.getByRole("button", { name: "搜索" }).click();
    assert.equal(await page.locator("article").count(), 30);
    await tab.context.close();
    assert.deepEqual(tab.wrong, []);
  },

  async "hostile posts execute nothing, anywhere"() {
    const tab = await open();
    const { page } = tab;
    await page.goto(site.base);
    const entry = page.locator("article h2 a", { hasText: "Hostile" }).first();
    await entry.click();
    await page.waitForURL(/posts\//);
    const policy = await page.locator("meta[http-equiv=Content-Security-Policy]").first().getAttribute("content");
    assert.match(policy, /script-src 'none'/);
    assert.equal(await page.locator("main script, main iframe, main form, main svg, main base, main [onerror]").count(), 0);
    const places = await page.locator("main a[href]").evaluateAll((links) => links.map((link) => link.href));
    assert.ok(places.length > 3 && places.every((place) => /^https?:/.test(place)), places.join());
    for (const place of places.filter((place) => place.startsWith(site.base))) {
      assert.equal((await page.goto(place)).status(), 200, place);
    }
    await page.goto(`${site.base}status/`);
    assert.equal(await page.locator(".problem").count(), 1);
    await close(tab);
  },

  async "pictures never move or break anything"() {
    const tab = await open();
    const { page } = tab;
    const boxes = () => page.locator("article").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
    await page.route(`${images.base}**`, (route) => route.abort());
    await page.goto(site.base);
    const without = await boxes();
    await page.unroute(`${images.base}**`);
    tab.wrong.length = 0; // what was aborted is on the console
    await page.goto(site.base, { waitUntil: "networkidle" });
    assert.deepEqual(await boxes(), without);
    assert.ok((await page.locator(".tile img").count()) >= 15);
    assert.deepEqual(await page.locator(".tile img:not([alt=''])").count(), 0);
    await close(tab);
  },

  async "every control on a phone is large enough for a finger"() {
    const tab = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const { page } = tab;
    for (const path of ["", "categories/社交媒体/", "search/?q=公交", "status/"]) {
      await page.goto(site.base + path);
      const small = await page.locator(".top a, .top input, button, .trail a, .feeds a, .children a, .tree a, .tree summary, .pages a, .byline a, article h2 a, .foot a").evaluateAll((all) =>
        all.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44 && !one.closest("details:not([open])"))
          .map((one) => `${one.className || one.localName} ${one.textContent} ${one.getBoundingClientRect().height}`));
      assert.deepEqual(small, [], path);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert.ok(width <= 390, `/${path} is ${width} wide`);
    }
    await close(tab);
  },

  async "axe finds nothing, in light and dark, wide and narrow"() {
    const paths = ["", "page/2/", "categories/社交媒体/", "categories/社交媒体/知乎/知乎热榜/", "tags/热榜/", "authors/Ada/", "search/", "search/?q=公交", "search/?q=***", "status/"];
    for (const title of ["第 0 条热榜", "Ownership", "שלום", "Hostile"]) {
      const json = await (await fetch(`${site.base}feed.json`)).json();
      paths.push(new URL(json.items.find((item) => item.title.startsWith(title)).url).pathname.slice(1));
    }
    for (const colorScheme of ["light", "dark"]) {
      for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
        const tab = await open({ colorScheme, viewport, bypassCSP: true, reducedMotion: "reduce" });
        for (const path of paths) {
          await tab.page.goto(site.base + path);
          await tab.page.evaluate(axeSource);
          const found = await tab.page.evaluate("axe.run()");
          const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
          assert.deepEqual(violations, [], `/${path} ${colorScheme} ${viewport.width}`);
          assert.ok(found.passes.length > 15);
        }
        await close(tab);
      }
    }
    console.log(`   ${paths.length} pages, 2 schemes, 2 widths: 0 violations`);
  },
};

await tell(tests, [() => shown.close(), () => site.stop(), () => images.stop()]);
